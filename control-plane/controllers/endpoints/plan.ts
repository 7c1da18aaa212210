import type {
  CoreV1EndpointPort,
  V1EndpointAddress,
  V1EndpointSubset,
  V1Endpoints,
  V1Pod,
  V1Service,
} from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';
import {
  byName,
  hostnameIn,
  isHeadless,
  podReference,
  type ResolvedPort,
  resolvePorts,
} from '../shared/service-pods.ts';

export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const managedBy = 'endpoint-controller';
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
const addressesMax = 1_000;

interface Entry {
  readonly address: V1EndpointAddress;
  readonly ready: boolean;
  readonly ports: readonly ResolvedPort[];
}

/** The Endpoints object of a service: who serves it, grouped by ports. At most 1000 addresses, the ready ones first. */
export function planEndpoints(service: Stored<V1Service>, pods: readonly Stored<V1Pod>[]): V1Endpoints {
  const unready = service.spec?.publishNotReadyAddresses === true;
  const entries = pods.toSorted(byName).flatMap((pod): Entry[] => {
    const ip = pod.status?.podIP;
    if (!ip || isPodTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !unready)) return [];
    const hostname = hostnameIn(service, pod);
    const address = {
      ip,
      nodeName: pod.spec?.nodeName,
      targetRef: podReference(pod),
      ...(hostname !== undefined && { hostname }),
    };
    return [{ address, ready: unready || isPodReady(pod), ports: resolvePorts(service, pod) }];
  });
  const shown = entries.length > addressesMax ? firstReady(entries) : entries;
  const subsets = groupByPorts(shown.filter(({ ports }) => ports.length > 0 || isHeadless(service)));
  const truncated = shown.length < entries.length;
  return {
    metadata: {
      name: service.metadata.name,
      namespace: service.metadata.namespace,
      labels: {
        ...service.metadata.labels,
        [managedByLabel]: managedBy,
        ...(isHeadless(service) && { 'service.kubernetes.io/headless': '' }),
      },
      ...(truncated && { annotations: { [overCapacityAnnotation]: 'truncated' } }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

const firstReady = (entries: readonly Entry[]): readonly Entry[] =>
  [...entries.filter(({ ready }) => ready), ...entries.filter(({ ready }) => !ready)].slice(0, addressesMax);

function groupByPorts(entries: readonly Entry[]): V1EndpointSubset[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const id = JSON.stringify(entry.ports);
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(entry);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => subset(group));
}

function subset(group: readonly Entry[]): V1EndpointSubset {
  const addresses = group.filter(({ ready }) => ready).map(({ address }) => address);
  const notReadyAddresses = group.filter(({ ready }) => !ready).map(({ address }) => address);
  const ports = (group[0]?.ports ?? []).map(endpointPort);
  return {
    ...(addresses.length > 0 && { addresses }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
    ...(ports.length > 0 && { ports }),
  };
}

const endpointPort = ({ name, port, protocol, appProtocol }: ResolvedPort): CoreV1EndpointPort => ({
  ...(name && { name }),
  port,
  protocol,
  ...(appProtocol !== undefined && { appProtocol }),
});
