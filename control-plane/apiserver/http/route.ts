import { badRequest } from '#api/status-error.ts';

/** What a URL path names. Unknown groups and resources are found out later: after authorization, as Kubernetes does. */
export type Route = ResourceRoute | PathRoute;

export interface ResourceRoute {
  readonly kind: 'resource';
  readonly group: string;
  readonly version: string;
  readonly namespace?: string | undefined;
  readonly resource: string;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  /** `/api/v1/watch/…`: the old form of `?watch=true`. */
  readonly legacyWatch: boolean;
  /** What follows `/proxy`, undecoded and with its leading slash; empty when nothing does. */
  readonly proxyPath?: string | undefined;
  /** The URL goes on after the subresource where nothing can. */
  readonly tooLong: boolean;
}

export interface PathRoute {
  readonly kind: 'path';
  readonly path: string;
}

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Undecoded, without the question mark. */
  readonly rawQuery: string;
}

const noQuery = new URLSearchParams();

/** Splits a request target; the absolute form (`https://host/path`) loses its host. */
export function parseTarget(target: string): Target {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/?#]*/i, '');
  const question = origin.indexOf('?');
  if (question < 0) return { path: origin || '/', query: noQuery, rawQuery: '' };
  const rawQuery = origin.slice(question + 1);
  return { path: origin.slice(0, question) || '/', query: new URLSearchParams(rawQuery), rawQuery };
}

/** Parses a path as kube-apiserver's RequestInfo does. Throws 400 for broken percent-encoding. */
export function parseRoute(path: string): Route {
  const raw = path.split('/');
  raw.shift();
  if (raw.at(-1) === '') raw.pop();
  const prefix = raw[0];
  const headLength = prefix === 'api' ? 2 : prefix === 'apis' ? 3 : 0;
  const isPlain = headLength === 0 || raw.length <= headLength;
  const segments = isPlain ? raw : raw.map(decodeSegment);
  if (isPlain || segments.some((segment) => segment === '')) return { kind: 'path', path };

  const group = prefix === 'apis' ? (segments[1] ?? '') : '';
  const version = segments[headLength - 1] ?? '';
  return resourceRoute(group, version, segments.slice(headLength), raw.slice(headLength)) ?? { kind: 'path', path };
}

function resourceRoute(
  group: string,
  version: string,
  segments: readonly string[],
  raw: readonly string[],
): ResourceRoute | undefined {
  const legacyWatch = segments[0] === 'watch' && segments.length > 1;
  let at = legacyWatch ? 1 : 0;
  let namespace: string | undefined;
  if (segments[at] === 'namespaces' && segments.length > at + 2 && !namespaceSubresources.has(segments[at + 2] ?? '')) {
    namespace = segments[at + 1];
    at += 2;
  }
  const [resource, name, subresource] = segments.slice(at);
  if (resource === undefined) return undefined;
  // An encoded slash or zero byte in a name can be no object's; a proxied path may hold anything.
  if ([namespace, resource, name, subresource].some((part) => part !== undefined && /[/\0]/.test(part)))
    return undefined;
  const rest = raw.slice(at + 3);
  const isProxy = subresource === 'proxy';
  return {
    kind: 'resource',
    group,
    version,
    namespace,
    resource,
    name,
    subresource,
    legacyWatch,
    proxyPath: isProxy ? rest.map((segment) => `/${segment}`).join('') : undefined,
    tooLong: !isProxy && rest.length > 0,
  };
}

/** `/api/v1/namespaces/x/status` is about the namespace itself. */
const namespaceSubresources = new Set(['status', 'finalize']);

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw badRequest(`invalid URL escape in ${JSON.stringify(segment)}`, cause);
  }
}
