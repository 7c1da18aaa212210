/** Image names as people write them, and what runtimes make of them. */
export interface ImageReference {
  /** `docker.io` when none was written. */
  readonly registry: string;
  /** With `library/` for Docker Hub's own. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const nameBytesMax = 1024;
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const referencePattern = new RegExp(
  `^(?:([A-Za-z0-9.-]+(?::\\d+)?|\\[[0-9a-fA-F:]+\\](?::\\d+)?)/)?(${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(?:@([A-Za-z][\\w.+-]*:[0-9a-fA-F]{32,}))?$`,
);

/** Undefined when it is no image name. */
export function parseImageName(name: string): ImageReference | undefined {
  if (name.length > nameBytesMax) return undefined;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  // What looks like a host is one; all else is the first part of a path on Docker Hub.
  const hasHost = /[.:[]/.test(first) || first === 'localhost';
  const match = referencePattern.exec(hasHost ? name : `docker.io/${slash < 0 ? 'library/' : ''}${name}`);
  if (!match) return undefined;
  const [, registry = '', repository = '', tag, digest] = match;
  return { registry: registry === 'index.docker.io' ? 'docker.io' : registry, repository, tag, digest };
}

/** The policy of a container that names none: what may change under its name is pulled every time. */
export function defaultPullPolicy(name: string): 'Always' | 'IfNotPresent' {
  const reference = parseImageName(name);
  if (!reference || reference.digest !== undefined) return 'IfNotPresent';
  return reference.tag === undefined || reference.tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/**
 * The complete reference, as containerd names images: `busybox` is `docker.io/library/busybox:latest`. Undefined when it is
 * no image name. With a digest the tag does not count.
 */
export function completeName(name: string): string | undefined {
  const reference = parseImageName(name);
  if (!reference) return undefined;
  const { registry, repository, tag, digest } = reference;
  const path = `${registry}/${repository}`;
  return digest === undefined ? `${path}:${tag ?? 'latest'}` : `${path}@${digest}`;
}
