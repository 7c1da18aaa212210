import type { V1EndpointSlice, V1LoadBalancerIngress, V1Node, V1Service } from '#api/generated/types.ts';
import { ipv4ToNumber } from '#api/ipv4-network.ts';
import type { Stored } from '#api/meta.ts';
import { isIPv4 } from '#api/validation/ip.ts';

export const excludedLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Ports that no load balancer may take from the nodes, whatever the protocol; `why` in words. */
export interface ReservedPort {
  readonly port: number;
  readonly why: string;
}

export interface BalancerPlan {
  /** Where clients reach the service: in the order of addresses. */
  readonly ingress: readonly V1LoadBalancerIngress[];
  /** Why there is none, for the user. */
  readonly problem?: { readonly reason: string; readonly message: string } | undefined;
}

/** Ours to serve: not another implementation's. */
export const isBalanced = ({ spec, metadata }: Stored<V1Service>): boolean =>
  spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined;

/** `others`: all services of the cluster; `slices`: those of this one. Pure. */
export function planBalancer(
  service: Stored<V1Service>,
  others: readonly Stored<V1Service>[],
  nodes: readonly V1Node[],
  slices: readonly V1EndpointSlice[],
  reserved: readonly ReservedPort[],
): BalancerPlan {
  for (const { port, protocol = 'TCP' } of service.spec?.ports ?? []) {
    const own = reserved.find((one) => one.port === port && protocol === 'TCP');
    if (own) return none('PortReserved', `Port ${port}/TCP of the nodes is ${own.why}; use another port.`);
  }
  const holder = holderOf(service, others);
  if (holder) {
    const { port, by } = holder;
    return none(
      'PortConflict',
      `Port ${port} of the nodes is taken by the load balancer of service ${by}; use another port, or delete that one.`,
    );
  }
  const local = service.spec?.externalTrafficPolicy === 'Local' ? nodesWithEndpoints(slices) : undefined;
  const serving = nodes.filter((node) => canServe(node) && (!local || local.has(node.metadata?.name ?? '')));
  const ips = [...new Set(serving.flatMap(addressesOf))].sort(byNumber);
  if (ips.length > 0) return { ingress: ips.map((ip) => ({ ip, ipMode: 'VIP' })) };
  const why = local ? 'no node that is ready has a ready endpoint of the service' : 'no node is ready';
  return none('UnAvailableLoadBalancer', `There are no available nodes for LoadBalancer: ${why}.`);
}

/** The oldest service that has one of the ports has it on all nodes. */
function holderOf(
  service: Stored<V1Service>,
  others: readonly Stored<V1Service>[],
): { readonly port: string; readonly by: string } | undefined {
  for (const other of others.toSorted(byAge)) {
    if (other.metadata.uid === service.metadata.uid) return undefined;
    if (!isBalanced(other)) continue;
    const taken = new Set(portsOf(other));
    const port = portsOf(service).find((one) => taken.has(one));
    if (port) return { port, by: `${other.metadata.namespace}/${other.metadata.name}` };
  }
  return undefined;
}

const portsOf = ({ spec }: V1Service): string[] =>
  (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`);

const byAge = (a: Stored<V1Service>, b: Stored<V1Service>): number => (ageKey(a) < ageKey(b) ? -1 : 1);
// As the nodes decide whose a place is: node-agent/services/claims.ts.
const ageKey = ({ metadata }: Stored<V1Service>): string =>
  `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;

export function canServe({ metadata, status }: V1Node): boolean {
  if (metadata?.deletionTimestamp !== undefined || metadata?.labels?.[excludedLabel] !== undefined) return false;
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

/** External addresses if it has some, else internal ones. */
export function addressesOf({ status }: V1Node): string[] {
  const of = (kind: string): string[] =>
    (status?.addresses ?? []).flatMap(({ type, address }) => (type === kind && isIPv4(address) ? [address] : []));
  const external = of('ExternalIP');
  return external.length > 0 ? external : of('InternalIP');
}

function nodesWithEndpoints(slices: readonly V1EndpointSlice[]): Set<string> {
  const names = slices
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap(({ endpoints }) => endpoints ?? [])
    .flatMap(({ nodeName, conditions }) => (nodeName && (conditions?.ready ?? true) ? [nodeName] : []));
  return new Set(names);
}

const byNumber = (a: string, b: string): number => ipv4ToNumber(a) - ipv4ToNumber(b);
const none = (reason: string, message: string): BalancerPlan => ({ ingress: [], problem: { reason, message } });
