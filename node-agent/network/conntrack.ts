/** UDP has no end of a connection: what the kernel remembers of a client must go with the endpoint. */
import type { RunCommand } from './commands.ts';
import { NetworkError, outputBytesMax } from './commands.ts';

/** Flows to forget: of clients that were led from `place` to `endpoint`, or of all to `place` where there is no endpoint. */
export interface StaleFlows {
  /** `10.43.0.5 . udp . 53`, or `udp . 30053` on any address. */
  readonly place: string;
  /** `10.42.0.7 . 53` */
  readonly endpoint: string | undefined;
}

/**
 * What changed for UDP between two states of one service: endpoints that went, and places that have endpoints for the first time
 * (what clients sent before went elsewhere, and would for as long as they go on).
 */
export function staleFlows(before: Flows, after: Flows): StaleFlows[] {
  const stale: StaleFlows[] = [];
  for (const [place, endpoints] of before) {
    const now = after.get(place);
    for (const endpoint of endpoints) if (!now?.has(endpoint)) stale.push({ place, endpoint });
  }
  for (const [place, endpoints] of after) {
    if (endpoints.size > 0 && !before.get(place)?.size) stale.push({ place, endpoint: undefined });
  }
  return stale;
}

/** Place → endpoints that are led to from there; UDP only. */
export type Flows = ReadonlyMap<string, ReadonlySet<string>>;

const endpointMaps = new Set([
  'endpoints',
  'node_endpoints',
  'sticky',
  'node_sticky',
  'host_ports_any',
  'host_ports_one',
]);
/** Of these maps the last part of the key numbers the endpoint. */
const numbered = new Set(['endpoints', 'node_endpoints', 'sticky', 'node_sticky']);

export function flowsOf(elements: ReadonlyMap<string, string>): Flows {
  const flows = new Map<string, Set<string>>();
  for (const [text, endpoint] of elements) {
    if (!text.includes('udp . ')) continue;
    const space = text.indexOf(' ');
    const map = text.slice(0, space);
    if (!endpointMaps.has(map)) continue;
    const key = text.slice(space + 1);
    const place = numbered.has(map) ? key.slice(0, key.lastIndexOf(' . ')) : key;
    const known = flows.get(place) ?? new Set();
    flows.set(place, known.add(endpoint));
  }
  return flows;
}

/** The arguments that delete exactly these flows. */
export function conntrackArguments({ place, endpoint }: StaleFlows): string[] {
  const parts = place.split(' . ');
  const port = parts.at(-1) ?? '';
  const address = parts.length === 3 ? parts[0] : undefined;
  const [ip = '', targetPort = ''] = endpoint?.split(' . ') ?? [];
  return [
    ...['-D', '-f', 'ipv4', '-p', 'udp'],
    ...(address === undefined ? [] : ['--orig-dst', address]),
    ...['--orig-port-dst', port],
    ...(endpoint === undefined ? [] : ['--reply-src', ip, '--reply-port-src', targetPort]),
  ];
}

/** So many are deleted without a look at what there is. */
const blindMax = 4;

/** Forgets them one after the other. Rejects when conntrack cannot be run. */
export async function forgetFlows(stale: readonly StaleFlows[], run: RunCommand): Promise<void> {
  for (const flows of stale.length > blindMax ? await present(stale, run) : stale) {
    try {
      await run('conntrack', conntrackArguments(flows));
    } catch (error) {
      // That there were none is how it says that it has nothing to do.
      if (!(error instanceof NetworkError && error.message.includes('0 flow entries'))) throw error;
    }
  }
}

/** Those that the kernel has: each deletion looks through all, and of most endpoints that go there are none. */
async function present(stale: readonly StaleFlows[], run: RunCommand): Promise<readonly StaleFlows[]> {
  const listing = await run('conntrack', listArguments);
  if (listing.length >= outputBytesMax) return stale;
  const there = new Set(
    flowsIn(listing).flatMap(({ places, endpoint }) => places.flatMap((place) => [place, `${place} ${endpoint}`])),
  );
  return stale.filter(({ place, endpoint }) => there.has(endpoint === undefined ? place : `${place} ${endpoint}`));
}

export const listArguments = ['-L', '-f', 'ipv4', '-p', 'udp'];

/** Flows in a listing (`conntrack -L`) that lead from one of our places to an endpoint that it does not have. */
export function staleInListing(listing: string, flows: Flows): StaleFlows[] {
  const stale = new Map<string, StaleFlows>();
  for (const { places, endpoint, translated } of flowsIn(listing)) {
    const place = places.find((one) => flows.has(one));
    if (place === undefined || flows.get(place)?.has(endpoint)) continue;
    // A port of this node's is no matter of what pods ask elsewhere at a port of that number.
    if (place.startsWith('udp') && !translated) continue;
    stale.set(`${place} ${endpoint}`, { place, endpoint });
  }
  return [...stale.values()];
}

interface Flow {
  /** By address, and by the port alone. */
  readonly places: readonly string[];
  readonly endpoint: string;
  /** It was led elsewhere than where it was sent. */
  readonly translated: boolean;
}

function flowsIn(listing: string): Flow[] {
  return listing.split('\n').flatMap((line) => {
    const values = (name: string): string[] =>
      [...line.matchAll(new RegExp(` ${name}=(\\S+)`, 'g'))].map(([, value]) => value ?? '');
    const [dst] = values('dst');
    const [dport] = values('dport');
    const [, replySrc] = values('src');
    const [, replySport] = values('sport');
    if (!dst || !dport || !replySrc || !replySport) return [];
    const places = [`${dst} . udp . ${dport}`, `udp . ${dport}`];
    return [{ places, endpoint: `${replySrc} . ${replySport}`, translated: replySrc !== dst }];
  });
}
