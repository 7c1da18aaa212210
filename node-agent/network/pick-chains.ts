/** Chains that pick an endpoint. They hold no endpoints, only how many there are: services of one size share one. */
import { masqueradeBit, stickyMark } from './table.ts';

export interface PickChain {
  /** Keyed by address, protocol and port, or, for any address of the node, by protocol and port. */
  readonly by: 'address' | 'node-port';
  /** Endpoints of the whole cluster, or of this node only. */
  readonly view: 'cluster' | 'local';
  /** How many endpoints there are, 1 or more. */
  readonly count: number;
  /** The source of the connection becomes the node's. */
  readonly masquerade: boolean;
  /** Session affinity: a client keeps its endpoint for this long after its last connection. */
  readonly stickySeconds?: number | undefined;
}

/** Endpoints of this node stand beside those of the cluster in the same map. */
export const localOffset = 65_536;
export const endpointsMax = 65_535;

export function chainName({ by, view, count, masquerade, stickySeconds }: PickChain): string {
  const parts = [by === 'address' ? 'pick' : 'pickn', view, count];
  return [...parts, ...(masquerade ? ['m'] : []), ...(stickySeconds ? [`s${stickySeconds}`] : [])].join('_');
}

const pattern = /^(pickn?)_(cluster|local)_(\d+)(_m)?(?:_s(\d+))?$/;

/** Reverse of `chainName`; undefined for other chains. */
export function parseChainName(name: string): PickChain | undefined {
  const [, by, view, count, masquerade, stickySeconds] = pattern.exec(name) ?? [];
  if (by === undefined) return undefined;
  return {
    by: by === 'pick' ? 'address' : 'node-port',
    view: view === 'local' ? 'local' : 'cluster',
    count: Number(count),
    masquerade: masquerade !== undefined,
    stickySeconds: stickySeconds === undefined ? undefined : Number(stickySeconds),
  };
}

/** The rules of a chain of that name. */
export function pickRules(chain: PickChain): string[] {
  const byNode = chain.by === 'node-port';
  const place = byNode ? 'meta l4proto . th dport' : 'ip daddr . meta l4proto . th dport';
  const prefix = byNode ? 'node_' : '';
  const offset = chain.view === 'local' ? ` offset ${localOffset}` : '';
  const random = `numgen random mod ${chain.count}${offset}`;
  // Where the number of endpoints falls between two lookups for one packet: the first one is always there.
  const first = `numgen inc mod 1${offset}`;
  if (chain.stickySeconds) return stickyRules(place, prefix, [random, first], chain.stickySeconds);
  const mark = chain.masquerade ? [`meta mark set meta mark | ${masqueradeBit}`] : [];
  return [
    ...mark,
    `dnat ip to ${place} . ${random} map @${prefix}endpoints`,
    `dnat ip to ${place} . ${first} map @${prefix}endpoints`,
  ];
}

/**
 * A client that is known goes to its endpoint, if that still serves; else it is forgotten, and what is picked is remembered.
 * Whether to masquerade is a part of the endpoint's mark here.
 */
function stickyRules(place: string, prefix: string, numbers: readonly string[], seconds: number): string[] {
  const client = 'ip saddr . ip daddr . meta l4proto . th dport';
  const remember = `update @affinity { ${client} timeout ${seconds}s : meta mark }`;
  const lead = `dnat ip to ${place} . meta mark map @${prefix}sticky`;
  return [
    `meta mark set ${client} map @affinity ${remember} ${lead}`,
    `delete @affinity { ${client} : meta mark }`,
    ...numbers.map((number) => `meta mark set ${place} . ${number} map @${prefix}picks ${remember} ${lead}`),
  ];
}

/** The mark that stands for an endpoint: from its address, so that it is the same after a restart. `taken` breaks ties. */
export function markOf(ip: string, view: PickChain['view'], masquerade: boolean, taken: ReadonlySet<number>): number {
  const low = ip
    .split('.')
    .slice(2)
    .reduce((sum, part) => sum * 256 + Number(part), 0);
  const flags = (view === 'local' ? 0x800000 : 0) + (masquerade ? masqueradeBit : 0);
  // 14 bits of the address, then 8 bits to tell apart those that share them; bit 14 and 15 are left out.
  for (let tie = 0; tie < 128; tie++) {
    const mark = stickyMark + flags + tie * 0x10000 + (low & 0x3fff);
    if (!taken.has(mark)) return mark;
  }
  return stickyMark + flags + (low & 0x3fff);
}
