import type { V1Pod } from '#api/generated/types.ts';
import { isIPv4 } from '#api/validation/ip.ts';
import type { Elements } from './element-text.ts';

/** A port of the node that leads to a pod. */
export interface HostPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Undefined: on every address of the node. */
  readonly hostIp: string | undefined;
  readonly hostPort: number;
  readonly podIp: string;
  readonly podPort: number;
}

/**
 * The host ports of pods that run here, sorted, each place once: the first pod that asked for it has it. Any text may stand as a
 * hostIP, as in Kubernetes; what is no IPv4 address leads nowhere.
 */
export function hostPortsOf(pods: readonly V1Pod[]): HostPort[] {
  const ports = new Map<string, HostPort>();
  for (const pod of pods.toSorted((a, b) => startOf(a).localeCompare(startOf(b)))) {
    const podIp = pod.status?.podIP;
    const { phase } = pod.status ?? {};
    if (pod.spec?.hostNetwork || !podIp || !isIPv4(podIp) || phase === 'Succeeded' || phase === 'Failed') continue;
    for (const { hostPort, hostIP, protocol, containerPort } of portsOf(pod)) {
      if (!hostPort) continue;
      const hostIp = !hostIP || hostIP === '0.0.0.0' ? undefined : hostIP;
      if (hostIp !== undefined && !isIPv4(hostIp)) continue;
      const port: HostPort = { protocol: protocolOf(protocol), hostIp, hostPort, podIp, podPort: containerPort };
      const place = `${port.protocol} ${hostIp ?? ''} ${String(hostPort).padStart(5, '0')}`;
      if (!ports.has(place)) ports.set(place, port);
    }
  }
  return [...ports].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, port]) => port);
}

/** The addresses of pods with a network of their own. */
export function podAddressesOf(pods: readonly V1Pod[]): string[] {
  const ips = pods.flatMap(({ spec, status }) => (spec?.hostNetwork || !status?.podIP ? [] : [status.podIP]));
  return [...new Set(ips)].filter((ip) => isIPv4(ip));
}

/** What of the table belongs to the node's own pods. */
export function hostPortElements(ports: readonly HostPort[], podAddresses: readonly string[]): Elements {
  const elements = new Map<string, string>();
  for (const ip of podAddresses) elements.set(`hairpin ${ip} . ${ip}`, '');
  for (const { protocol, hostIp, hostPort, podIp, podPort } of ports) {
    const place = `${protocol.toLowerCase()} . ${hostPort}`;
    const map = hostIp === undefined ? 'host_ports_any' : `host_ports_one ${hostIp} .`;
    elements.set(`${map} ${place}`, `${podIp} . ${podPort}`);
  }
  return elements;
}

const startOf = (pod: V1Pod): string => `${pod.status?.startTime ?? ''} ${pod.metadata?.uid ?? ''}`;

const portsOf = ({ spec }: V1Pod) =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(({ ports }) => ports ?? []);

const protocolOf = (name: string | undefined): HostPort['protocol'] =>
  name === 'UDP' || name === 'SCTP' ? name : 'TCP';
