/** Reads `nft --json list ruleset`. What is not understood becomes a condition that may hold or not. */
import { isJsonObject } from '#api/schema/record.ts';
import type { Chain, Match, MatchKey, Rule, Table, Verdict } from './model.ts';
import { unknownMatch } from './model.ts';

type Json = Readonly<Record<string, unknown>>;

/** Only families that see IPv4. Throws a SyntaxError when it is not JSON. */
export function readNftRuleset(text: string): Table[] {
  const root: unknown = JSON.parse(text);
  const entries = isJsonObject(root) && Array.isArray(root.nftables) ? root.nftables.filter(isJsonObject) : [];
  const tables = new Map<string, Map<string, Chain & { rules: Rule[] }>>();
  for (const { chain } of entries) {
    const place = isJsonObject(chain) ? placeOf(chain) : undefined;
    if (!isJsonObject(chain) || !place || typeof chain.name !== 'string') continue;
    const chains = tables.get(place) ?? new Map<string, Chain & { rules: Rule[] }>();
    tables.set(place, chains);
    chains.set(chain.name, {
      name: chain.name,
      hook: typeof chain.hook === 'string' ? chain.hook : undefined,
      dropsByDefault: chain.policy === 'drop',
      rules: [],
    });
  }
  for (const { rule } of entries) {
    if (!isJsonObject(rule) || typeof rule.chain !== 'string') continue;
    const chain = tables.get(placeOf(rule) ?? '')?.get(rule.chain);
    if (chain && Array.isArray(rule.expr))
      chain.rules.push(...readRule(rule.expr, `${rule.chain} handle ${rule.handle}`));
  }
  return [...tables].map(([name, chains]) => ({ name, chains }));
}

function placeOf({ family, table, name }: Json): string | undefined {
  if (family !== 'ip' && family !== 'inet') return undefined;
  return `${family} ${typeof table === 'string' ? table : name}`;
}

/** A verdict map makes several rules of one. */
function readRule(expressions: readonly unknown[], place: string): Rule[] {
  const matches: Match[] = [];
  for (const expression of expressions) {
    if (!isJsonObject(expression)) continue;
    const [kind = ''] = Object.keys(expression);
    const value = expression[kind];
    if (kind === 'match') matches.push(readMatch(value));
    else if (kind === 'vmap') return readVerdictMap(value, matches, place);
    else if (verdicts.has(kind)) return [{ matches, verdict: readVerdict(kind, value), text: place }];
    else if (!withoutEffect.has(kind)) matches.push(unknownMatch);
  }
  return [];
}

const verdicts = new Set(['accept', 'drop', 'reject', 'return', 'jump', 'goto']);
const withoutEffect = new Set(['counter', 'log', 'comment', 'mangle', 'set', 'masquerade', 'snat', 'dnat', 'notrack']);

function readVerdict(kind: string, value: unknown): Verdict {
  if ((kind === 'jump' || kind === 'goto') && isJsonObject(value)) return { kind, chain: String(value.target) };
  if (kind === 'accept' || kind === 'return') return { kind };
  return { kind: kind === 'drop' || kind === 'reject' ? 'drop' : 'none' };
}

function readVerdictMap(value: unknown, before: readonly Match[], place: string): Rule[] {
  const data: unknown = isJsonObject(value) ? value.data : undefined;
  const pairs: unknown = isJsonObject(data) ? data.set : undefined;
  // A map with a name: its elements stand elsewhere.
  if (!isJsonObject(value) || !Array.isArray(pairs)) {
    return [{ matches: [...before, unknownMatch], verdict: { kind: 'accept' }, text: place }];
  }
  return pairs.flatMap((pair: unknown) => {
    const [element, verdict]: unknown[] = Array.isArray(pair) ? pair : [];
    if (!isJsonObject(verdict)) return [];
    const [kind = ''] = Object.keys(verdict);
    const match = readMatch({ op: '==', left: value.key, right: element });
    return [{ matches: [...before, match], verdict: readVerdict(kind, verdict[kind]), text: place }];
  });
}

function readMatch(value: unknown): Match {
  if (!isJsonObject(value)) return unknownMatch;
  const { op, left, right } = value;
  const key = keyOf(left);
  const values = valuesOf(right);
  if (key === 'dnat') return { key: 'state', negated: false, values: [] };
  if (!key || !values || !['==', '!=', 'in'].includes(String(op))) return unknownMatch;
  const named = key === 'state' ? values.flatMap(stateNames) : key === 'protocol' ? values.map(protocolName) : values;
  return { key, negated: op === '!=', values: named };
}

/** `dnat`: whether a service rule has led the packet here, which it has not. */
function keyOf(left: unknown): MatchKey | 'dnat' | undefined {
  if (!isJsonObject(left)) return undefined;
  const { meta, payload, ct } = left;
  if (isJsonObject(meta)) {
    const keys: Readonly<Record<string, MatchKey>> = {
      iifname: 'iif',
      iif: 'iif',
      oifname: 'oif',
      oif: 'oif',
      l4proto: 'protocol',
      nfproto: 'version',
    };
    return keys[String(meta.key)];
  }
  if (isJsonObject(payload)) {
    const { protocol, field } = payload;
    if (field === 'dport') return 'dport';
    if (protocol === 'ip' && (field === 'saddr' || field === 'daddr')) return field;
    return protocol === 'ip' && field === 'protocol' ? 'protocol' : undefined;
  }
  if (isJsonObject(ct)) return ct.key === 'state' ? 'state' : ct.key === 'status' ? 'dnat' : undefined;
  return undefined;
}

function valuesOf(right: unknown): string[] | undefined {
  if (typeof right === 'string') return right.startsWith('@') ? undefined : [right];
  if (typeof right === 'number') return [String(right)];
  if (Array.isArray(right)) return all(right);
  if (!isJsonObject(right)) return undefined;
  if (Array.isArray(right.set)) return all(right.set);
  if (Array.isArray(right.range)) return [right.range.join('-')];
  if (isJsonObject(right.prefix)) return [`${right.prefix.addr}/${right.prefix.len}`];
  return isJsonObject(right.elem) ? valuesOf(right.elem.val) : undefined;
}

function all(values: readonly unknown[]): string[] | undefined {
  const read = values.map(valuesOf);
  return read.includes(undefined) ? undefined : read.flatMap((each) => each ?? []);
}

/** Some versions print the bits instead of the names. */
function stateNames(value: string): string[] {
  if (!/^\d+$/.test(value)) return [value];
  const bits = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };
  return Object.entries(bits).flatMap(([name, bit]) => (Number(value) & bit ? [name] : []));
}

const protocolName = (value: string): string => ({ '6': 'tcp', '17': 'udp', '1': 'icmp' })[value] ?? value;
