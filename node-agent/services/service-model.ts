import type { V1EndpointSlice, V1Service, V1ServicePort } from '#api/generated/types.ts';
import { holds, type IPv4Network, ipv4NetworkText, numberToIPv4, parseIPv4Network } from '#api/ipv4-network.ts';
import { isIPv4 } from '#api/validation/ip.ts';
import { type Eligible, eligibleOf, isPort, targetsOf } from './endpoints.ts';

type Policy = 'Cluster' | 'Local';

/** A port of a service, with everything that the node's rules need of it. */
export interface ServicePort {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly eligible: Eligible;
}

export interface ServiceModel {
  readonly clusterIp: string | undefined;
  /** External addresses, and those of its load balancer. */
  readonly externalIps: readonly string[];
  readonly balancerIps: readonly string[];
  /** Empty: from everywhere. */
  readonly sourceRanges: readonly string[];
  readonly internal: Policy;
  readonly external: Policy;
  readonly stickySeconds: number | undefined;
  readonly ports: readonly ServicePort[];
  /** Where this node tells how many endpoints it has of its own. */
  readonly healthCheckPort: number | undefined;
}

export type ModelResult =
  | { readonly kind: 'served'; readonly model: ServiceModel }
  /** Needs no rules of ours: headless, a name elsewhere, or another program's. */
  | { readonly kind: 'none' }
  /** Would need rules that we cannot write; `why` in words for its owner. */
  | { readonly kind: 'unsupported'; readonly why: string };

/** With either of these, a service is left to another program, as kube-proxy leaves it; whatever their values. */
const othersLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];

/** Pure. `nodeName`: whose rules they are. */
export function modelOf(service: V1Service, slices: readonly V1EndpointSlice[], nodeName: string): ModelResult {
  const { spec = {}, status, metadata } = service;
  const { clusterIP = '' } = spec;
  if (othersLabels.some((label) => metadata?.labels?.[label] !== undefined)) return { kind: 'none' };
  if (spec.type === 'ExternalName' || clusterIP === 'None' || clusterIP === '') return { kind: 'none' };
  if (!isIPv4(clusterIP)) {
    return { kind: 'unsupported', why: `its address ${clusterIP} is IPv6; services have IPv4 addresses only here` };
  }
  const balancer = spec.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const balancerIps = balancer.flatMap(({ ip, ipMode }) => (ip && isIPv4(ip) && ipMode !== 'Proxy' ? [ip] : []));
  const external = spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster';
  const hasNodePorts = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  const checked = spec.type === 'LoadBalancer' && external === 'Local';
  const { timeoutSeconds = 10_800 } = spec.sessionAffinityConfig?.clientIP ?? {};
  const model: ServiceModel = {
    clusterIp: clusterIP,
    externalIps: (spec.externalIPs ?? []).filter(isIPv4),
    balancerIps,
    sourceRanges: spec.type === 'LoadBalancer' ? rangesOf(spec.loadBalancerSourceRanges) : [],
    internal: spec.internalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    external,
    stickySeconds: spec.sessionAffinity === 'ClientIP' ? timeoutSeconds : undefined,
    ports: (spec.ports ?? []).flatMap((port) => portOf(port, slices, nodeName, hasNodePorts)),
    healthCheckPort: checked && isPort(spec.healthCheckNodePort) ? spec.healthCheckNodePort : undefined,
  };
  return { kind: 'served', model };
}

function portOf(
  { name = '', protocol = 'TCP', port, nodePort }: V1ServicePort,
  slices: readonly V1EndpointSlice[],
  nodeName: string,
  hasNodePorts: boolean,
): ServicePort[] {
  const known = protocol === 'TCP' ? 'tcp' : protocol === 'UDP' ? 'udp' : protocol === 'SCTP' ? 'sctp' : undefined;
  if (known === undefined || !isPort(port)) return [];
  const eligible = eligibleOf(targetsOf(slices, name, protocol, nodeName));
  return [{ name, protocol: known, port, nodePort: hasNodePorts && isPort(nodePort) ? nodePort : undefined, eligible }];
}

/** Without those that lie in others: nft takes no ranges that overlap. Everything at once is no limit. */
function rangesOf(texts: readonly string[] = []): string[] {
  const ranges = texts.map((text) => parseIPv4Network(text.trim())).filter((range) => range !== undefined);
  if (ranges.some(({ bits }) => bits === 0)) return [];
  const widest = ranges.toSorted((a, b) => a.bits - b.bits);
  const kept: IPv4Network[] = [];
  for (const range of widest) if (!kept.some((one) => holds(one, range))) kept.push(range);
  // Ranges of the other family alone let nobody of ours in.
  if (texts.length > 0 && kept.length === 0) return ['0.0.0.0/32'];
  return kept.map(rangeText).sort();
}

const rangeText = (range: IPv4Network): string =>
  range.bits === 32 ? numberToIPv4(range.first) : ipv4NetworkText(range);
