/** Chains that pick an endpoint. They hold no endpoints, only how many there are: services of one size share one. */
import { ipv4ToNumber } from '#api/ipv4-network.ts';
import { endpointMark, masqueradeBit } from './table.ts';

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

/** Bit 14 says that the source is to be replaced, so that many endpoints a service may have. */
export const endpointsMax = 16_384;
const localBit = 0x800000;

/** The mark that names the endpoint at a place, from 0, of those that a chain picks from. */
export const markAt = (index: number, { view, masquerade }: Pick<PickChain, 'view' | 'masquerade'>): number =>
  endpointMark + (view === 'local' ? localBit : 0) + (masquerade ? masqueradeBit : 0) + index;

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
  const first = markAt(0, chain);
  // Where the number of endpoints falls between two lookups for one packet: the first one is always there.
  const numbers = [`meta mark set numgen random mod ${chain.count} offset ${first}`, `meta mark set ${first}`];
  if (chain.stickySeconds) return stickyRules(place, prefix, numbers, chain.stickySeconds);
  return numbers.map((number) => `${number} dnat ip to ${place} . meta mark map @${prefix}endpoints`);
}

/**
 * A client that is known goes to its endpoint, if that still serves; else it is forgotten, and what is picked is remembered. When the
 * kernel remembers as many clients as it may, a rule that wants to remember one more ends there: others are led without that.
 */
function stickyRules(place: string, prefix: string, numbers: readonly string[], seconds: number): string[] {
  const client = 'ip saddr . ip daddr . meta l4proto . th dport';
  const remember = `update @affinity { ${client} timeout ${seconds}s : meta mark }`;
  const lead = `dnat ip to ${place} . meta mark map @${prefix}sticky`;
  const pick = `meta mark set ${place} . meta mark map @${prefix}picks`;
  return [
    `meta mark set ${client} map @affinity ${remember} ${lead}`,
    `delete @affinity { ${client} : meta mark }`,
    ...numbers.map((number) => `${number} ${pick} ${remember} ${lead}`),
    ...numbers.map((number) => `${number} ${pick} ${lead}`),
  ];
}

/** The mark that stands for an endpoint whatever its place is: from its address, so that it is the same after a restart. */
export function markOf(ip: string, chain: Pick<PickChain, 'view' | 'masquerade'>, taken: ReadonlySet<number>): number {
  // 14 bits of the address, and 7 more to tell apart those that share them.
  const base = markAt(ipv4ToNumber(ip) % endpointsMax, chain);
  for (let tie = 0; tie < 128; tie++) if (!taken.has(base + tie * 0x10000)) return base + tie * 0x10000;
  return base;
}
