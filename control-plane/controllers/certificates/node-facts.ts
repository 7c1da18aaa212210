import { isIP } from 'node:net';
import type { V1Lease, V1Node } from '#api/generated/types.ts';
import { findCondition } from '../shared/conditions.ts';
import { type NodeRequest, quoted } from './policy.ts';
import type { ParsedRequest } from './request.ts';

/** What the cluster knows when it decides on a request. */
export interface NodeFacts {
  /** The Node of the name asked for, and its lease. */
  readonly node: V1Node | undefined;
  readonly lease: V1Lease | undefined;
  /** All nodes. */
  readonly nodes: readonly V1Node[];
  /** Names and addresses of the API server, which no node may have. */
  readonly reserved: ReadonlySet<string>;
  readonly createdMs: number;
  readonly nowMs: number;
}

export type Verdict =
  | { readonly kind: 'approve' }
  | { readonly kind: 'deny'; readonly reason: string; readonly message: string }
  /** The Node does not show the address yet. */
  | { readonly kind: 'wait'; readonly delayMs: number };

const approve: Verdict = { kind: 'approve' };
const deny = (reason: string, message: string): Verdict => ({ kind: 'deny', reason, message });

/** An agent whose machine got another address asks for a certificate while it is about to report the address. */
const addressWaitMs = 15_000;
const waitStepMs = 500;
const leaseFreshMs = 40_000;

/** Pure: may this name and may these addresses be given? */
export function judgeFacts(request: NodeRequest, parsed: ParsedRequest, facts: NodeFacts): Verdict {
  const { nodeName, kind, by } = request;
  if (facts.reserved.has(nodeName)) {
    return deny('NodeNameTaken', `the name ${quoted(nodeName)} is the server's: choose another one with --node-name`);
  }
  if (by === 'bootstrapper' && isAlive(facts)) {
    return deny(
      'NodeNameTaken',
      `a machine named ${quoted(nodeName)} is in the cluster and alive: choose another name with --node-name, ` +
        `or, if it is to be replaced, remove it first with: berth node remove ${nodeName}`,
    );
  }
  return kind === 'serving' ? judgeHosts(nodeName, parsed, facts) : approve;
}

/** As the controllers see the machine, which go by when they last heard of it: other machines' clocks are not believed. */
function isAlive({ node, lease, nowMs }: NodeFacts): boolean {
  if (!node) return false;
  const ready = findCondition(node.status?.conditions, 'Ready');
  if (ready) return ready.status !== 'Unknown';
  return Math.abs(nowMs - Date.parse(lease?.spec?.renewTime ?? '')) < leaseFreshMs;
}

function judgeHosts(nodeName: string, { dnsNames, addresses }: ParsedRequest, facts: NodeFacts): Verdict {
  const hosts = [...dnsNames.map((name) => name.toLowerCase()), ...addresses.map(plain)];
  // Whoever joins chooses the name, which may look like an address: that alone does not make it one's own.
  const ownName = isIP(nodeName) === 0 ? [nodeName] : [];
  for (const host of hosts) {
    const owner = ownName.includes(host) ? undefined : ownerOf(host, nodeName, facts);
    if (owner) return deny('NotItsAddress', `${host} belongs to ${owner}, not to node ${quoted(nodeName)}`);
  }
  const own = new Set([...ownName, ...(facts.node ? hostsOf(facts.node) : [])]);
  const foreign = hosts.filter((host) => !own.has(host));
  // A machine that takes up a name again has not reported its address under it yet.
  const mayReport = !facts.node || !isAlive(facts);
  const unproven = mayReport ? foreign.filter((host) => isIP(host) === 0) : foreign;
  if (unproven.length === 0) return approve;
  if (!mayReport && facts.nowMs - facts.createdMs < addressWaitMs) return { kind: 'wait', delayMs: waitStepMs };
  return deny('NotItsAddress', `node ${quoted(nodeName)} has not reported ${unproven.join(', ')} as its own`);
}

/** Who has this name or address; undefined: nobody else. */
function ownerOf(host: string, nodeName: string, { nodes, reserved }: NodeFacts): string | undefined {
  if (reserved.has(host) || host === 'localhost' || isLocalAddress(host)) return 'the server';
  const other = nodes.find(
    (node) => node.metadata?.name !== nodeName && (node.metadata?.name === host || hostsOf(node).includes(host)),
  );
  return other && `node ${quoted(other.metadata?.name ?? '')}`;
}

const hostsOf = ({ status }: V1Node): string[] =>
  (status?.addresses ?? []).map(({ address }) => (isIP(address) ? plain(address) : address.toLowerCase()));

const isLocalAddress = (host: string): boolean =>
  isIP(host) !== 0 && (/^(127\.|0\.)/.test(host) || host === '::1' || host === '::');

/** One text for one address; one of IPv4 that is written as one of IPv6 is the same to many who look at certificates. */
export function plain(address: string): string {
  if (isIP(address) !== 6) return address;
  const text = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return text;
  return [high, low].flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]).join('.');
}
