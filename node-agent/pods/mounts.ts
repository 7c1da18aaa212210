import type { V1VolumeMount } from '#api/generated/types.ts';
import { messageOf } from '#base/error-message.ts';
import type { Mount } from '../runtime/runtime.ts';
import { safeSegments } from '../volumes/paths.ts';
import { ContainerConfigError } from './errors.ts';
import { expandReferences } from './expand.ts';
import type { PodHost, PodPlace } from './host.ts';
import type { PodContainer } from './pod-model.ts';

const propagations: Readonly<Record<string, Mount['propagation']>> = {
  None: 'private',
  HostToContainer: 'host-to-container',
  Bidirectional: 'bidirectional',
};

export interface MountInput {
  readonly host: PodHost;
  readonly place: PodPlace;
  readonly container: PodContainer;
  /** Volume name → path on the machine. */
  readonly volumePaths: ReadonlyMap<string, string>;
  readonly environment: ReadonlyMap<string, string>;
}

/** The container's mounts of volumes, with subPaths resolved. Throws a ContainerConfigError for what cannot be mounted. */
export async function volumeMounts(input: MountInput): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (input.container.spec.volumeMounts ?? []).entries()) {
    const volumePath = input.volumePaths.get(mount.name);
    if (volumePath === undefined)
      throw new ContainerConfigError(
        `cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(input.container.spec.name)}`,
      );
    const subPath = subPathOf(mount, input.environment);
    mounts.push({
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: subPath === undefined ? volumePath : await resolve(input, index, mount, volumePath, subPath),
      readOnly: mount.readOnly === true,
      propagation: propagations[mount.mountPropagation ?? 'None'] ?? 'private',
    });
  }
  return mounts;
}

function subPathOf(mount: V1VolumeMount, environment: ReadonlyMap<string, string>): string | undefined {
  if (mount.subPathExpr) {
    const expanded = expandReferences(mount.subPathExpr, (name) => {
      const value = environment.get(name);
      if (value === undefined) throw new ContainerConfigError(`missing value for ${JSON.stringify(name)}`);
      return value;
    });
    return checked(expanded);
  }
  return mount.subPath ? checked(mount.subPath) : undefined;
}

function checked(subPath: string): string {
  const segments = safeSegments(subPath);
  if (!segments)
    throw new ContainerConfigError(
      subPath.startsWith('/')
        ? `error SubPath ${JSON.stringify(subPath)} must not be an absolute path`
        : `unable to provision SubPath ${JSON.stringify(subPath)}`,
    );
  return segments.join('/');
}

async function resolve(
  { host, place, container }: MountInput,
  index: number,
  mount: V1VolumeMount,
  volumePath: string,
  subPath: string,
): Promise<string> {
  try {
    return await host.resolveSubPath(place, {
      container: container.spec.name,
      index,
      volumePath,
      subPath,
      readOnly: mount.readOnly === true,
    });
  } catch (error) {
    throw new ContainerConfigError(
      `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.spec.name)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
