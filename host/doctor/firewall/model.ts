/** What nftables and iptables have in common, as far as it decides on a packet. */
export interface Table {
  /** `inet filter`, `iptables filter`: for people. */
  readonly name: string;
  readonly chains: ReadonlyMap<string, Chain>;
}

export interface Chain {
  readonly name: string;
  /** Where packets enter; undefined for chains that are only jumped to. */
  readonly hook: string | undefined;
  readonly dropsByDefault: boolean;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly matches: readonly Match[];
  readonly verdict: Verdict;
  /** As a person would find it again. */
  readonly text: string;
}

export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'none' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export type MatchKey = 'iif' | 'oif' | 'protocol' | 'dport' | 'saddr' | 'daddr' | 'state' | 'to-local' | 'version';

export interface Match {
  /** `unknown`: a condition that is not understood; it may hold or not. */
  readonly key: MatchKey | 'unknown';
  readonly negated: boolean;
  /** Names, numbers (`22`), ranges (`80-90`), networks (`10.0.0.0/8`), interface prefixes (`veth*`). */
  readonly values: readonly string[];
}

export const unknownMatch: Match = { key: 'unknown', negated: false, values: [] };

/** A packet of a new connection. What is undefined is not known. */
export interface Packet {
  readonly hook: 'input' | 'forward';
  readonly protocol: 'tcp' | 'udp';
  readonly dport?: number | undefined;
  readonly iif?: string | undefined;
  readonly oif?: string | undefined;
  readonly saddr?: string | undefined;
  readonly daddr?: string | undefined;
}
