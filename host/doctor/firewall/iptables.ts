/** Reads `iptables-save`. What is not understood becomes a condition that may hold or not. */
import { type Chain, type Match, type MatchKey, type Rule, type Table, unknownMatch, type Verdict } from './model.ts';

const hooks: Readonly<Record<string, string>> = { INPUT: 'input', FORWARD: 'forward' };

/** The table `filter`, where there is one: the others decide on no packet. */
export function readIptables(text: string): Table[] {
  const tables: Table[] = [];
  let chains: Map<string, Chain & { rules: Rule[] }> | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = line === '*filter' ? new Map() : undefined;
      if (chains) tables.push({ name: 'filter of iptables', chains });
    } else if (chains && line.startsWith(':')) {
      const [name = '', policy] = line.slice(1).split(' ');
      chains.set(name, { name, hook: hooks[name], dropsByDefault: policy === 'DROP', rules: [] });
    } else if (chains && line.startsWith('-A ')) {
      const words = splitWords(line);
      chains.get(words[1] ?? '')?.rules.push(readRule(words.slice(2), line));
    }
  }
  return tables;
}

const options: Readonly<Record<string, MatchKey>> = {
  '-i': 'iif',
  '-o': 'oif',
  '-p': 'protocol',
  '-s': 'saddr',
  '-d': 'daddr',
  '--dport': 'dport',
  '--dports': 'dport',
  '--ctstate': 'state',
  '--state': 'state',
};
/** They say nothing by themselves: their own options follow. */
const modules = new Set(['tcp', 'udp', 'conntrack', 'state', 'multiport', 'comment', 'addrtype']);

function readRule(words: readonly string[], text: string): Rule {
  const matches: Match[] = [];
  let verdict: Verdict = { kind: 'none' };
  let negated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const value = words[at + 1] ?? '';
    if (word === '!') {
      negated = true;
      continue;
    }
    const key = options[word];
    if (key !== undefined) {
      matches.push({ key, negated, values: value.split(',').map((one) => one.toLowerCase().replace(':', '-')) });
      at++;
    } else if (word === '-j' || word === '-g') {
      verdict = verdictOf(value, word === '-g');
      // What follows is about the target.
      break;
    } else if (word === '--comment') at++;
    else if (word === '-m') {
      if (!modules.has(value)) matches.push(unknownMatch);
      at++;
    } else if (word === '--dst-type') {
      matches.push({ key: value === 'LOCAL' ? 'to-local' : 'state', negated, values: [] });
      at++;
    } else matches.push(unknownMatch);
    negated = false;
  }
  return { matches, verdict, text };
}

function verdictOf(target: string, isGoto: boolean): Verdict {
  if (target === 'ACCEPT') return { kind: 'accept' };
  if (target === 'DROP' || target === 'REJECT') return { kind: 'drop' };
  if (target === 'RETURN') return { kind: 'return' };
  // A target such as LOG is no chain and is not found as one.
  return { kind: isGoto ? 'goto' : 'jump', chain: target };
}

/** Comments are quoted. */
const splitWords = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
