import { BlockList, isIPv4 } from 'node:net';
import type { Chain, Match, Packet, Rule, Table } from './model.ts';

/** `unknown`: a condition that is not understood decides. */
export type Fate =
  | { readonly kind: 'accept' | 'unknown' }
  /** `where`: the rule or policy, in words. */
  | { readonly kind: 'drop'; readonly where: string };

const depthMax = 16;

/** What becomes of a packet: all tables must let it through, one that drops it is enough. */
export function fateOf(packet: Packet, tables: readonly Table[]): Fate {
  let unknown = false;
  for (const table of tables) {
    for (const chain of table.chains.values()) {
      if (chain.hook !== packet.hook) continue;
      const fate = walkBase(packet, table, chain);
      if (fate.kind === 'drop') return fate;
      unknown ||= fate.kind === 'unknown';
    }
  }
  return { kind: unknown ? 'unknown' : 'accept' };
}

interface Walk {
  readonly packet: Packet;
  readonly table: Table;
  /** A rule that may hold could have let the packet through before it was dropped. */
  mayPass: boolean;
}

function walkBase(packet: Packet, table: Table, chain: Chain): Fate {
  const walk: Walk = { packet, table, mayPass: false };
  const fate = walkChain(walk, chain, false, 0);
  const end: Fate =
    fate ??
    (chain.dropsByDefault
      ? { kind: 'drop', where: `the policy of chain ${chain.name} in table ${table.name}` }
      : { kind: 'accept' });
  return end.kind === 'drop' && walk.mayPass ? { kind: 'unknown' } : end;
}

/** Undefined: the packet comes out at the chain's end. `maybe`: it is not sure that it goes in at all. */
function walkChain(walk: Walk, chain: Chain, maybe: boolean, depth: number): Fate | undefined {
  if (depth > depthMax) return { kind: 'unknown' };
  for (const rule of chain.rules) {
    const fits = ruleFits(walk.packet, rule);
    if (fits === 'no') continue;
    const unsure = maybe || fits === 'maybe';
    const { verdict } = rule;
    if (verdict.kind === 'none') continue;
    if (verdict.kind === 'jump' || verdict.kind === 'goto') {
      const target = walk.table.chains.get(verdict.chain);
      const fate = target && walkChain(walk, target, unsure, depth + 1);
      if (fate && !unsure) return fate;
      if (verdict.kind === 'goto' && !unsure) return undefined;
      continue;
    }
    if (unsure) {
      if (verdict.kind !== 'drop') walk.mayPass = true;
      continue;
    }
    if (verdict.kind === 'return') return undefined;
    if (verdict.kind === 'accept') return { kind: 'accept' };
    return { kind: 'drop', where: `the rule "${rule.text}" in table ${walk.table.name}` };
  }
  return undefined;
}

type Fits = 'yes' | 'no' | 'maybe';

function ruleFits(packet: Packet, { matches }: Rule): Fits {
  let fits: Fits = 'yes';
  for (const match of matches) {
    const one = matchFits(packet, match);
    if (one === 'no') return 'no';
    if (one === 'maybe') fits = 'maybe';
  }
  return fits;
}

function matchFits(packet: Packet, match: Match): Fits {
  const plain = plainFits(packet, match);
  if (!match.negated || plain === 'maybe') return plain;
  return plain === 'yes' ? 'no' : 'yes';
}

function plainFits(packet: Packet, { key, values }: Match): Fits {
  const some = (found: string | undefined, fits: (value: string, found: string) => boolean): Fits => {
    if (found === undefined) return 'maybe';
    return values.some((value) => fits(value, found)) ? 'yes' : 'no';
  };
  switch (key) {
    case 'iif':
      // Whichever interface leads to the other machines, it is none of these.
      if (packet.iif === undefined && values.every((value) => inner.test(value))) return 'no';
      return some(packet.iif, nameFits);
    case 'oif':
      return some(packet.hook === 'input' ? '' : packet.oif, nameFits);
    case 'protocol':
      return some(packet.protocol, (value, found) => value === found || value === 'all');
    case 'dport':
      return some(packet.dport === undefined ? undefined : String(packet.dport), numberFits);
    case 'saddr':
      return some(packet.saddr, addressFits);
    case 'daddr':
      return some(packet.daddr, addressFits);
    case 'state':
      return some('new', (value, found) => value === found);
    case 'to-local':
      return packet.hook === 'input' ? 'yes' : 'no';
    case 'version':
      return some('ipv4', (value, found) => value === found);
    default:
      return 'maybe';
  }
}

const inner = /^(lo$|docker|br-|virbr|veth|cni|berth)/;

const nameFits = (pattern: string, name: string): boolean =>
  /[*+]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

function numberFits(value: string, found: string): boolean {
  const [first = '', last = first] = value.split('-');
  return Number(found) >= Number(first) && Number(found) <= Number(last);
}

function addressFits(value: string, found: string): boolean {
  const [address = '', bits = '32'] = value.split('/');
  if (!isIPv4(address) || !isIPv4(found)) return address === found;
  const list = new BlockList();
  list.addSubnet(address, Number(bits));
  return list.check(found);
}
