import type { DiscoveryV1EndpointPort, V1Endpoint, V1Node, V1Pod, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';
import { byName, hostnameIn, podReference, type ResolvedPort, resolvePorts } from '../shared/service-pods.ts';

export type AddressType = 'IPv4' | 'IPv6';

/** Endpoints that share address type and ports, and so may share a slice. */
export interface EndpointGroup {
  readonly id: string;
  readonly addressType: AddressType;
  readonly ports: readonly DiscoveryV1EndpointPort[];
  /** By the UID of the pod. */
  readonly endpoints: ReadonlyMap<string, V1Endpoint>;
}

/** Who serves the service, by the families it has. Terminating pods stay listed, for as long as they may still answer. */
export function desiredGroups(
  service: Stored<V1Service>,
  pods: readonly Stored<V1Pod>[],
  nodeOf: (name: string) => V1Node | undefined,
): readonly EndpointGroup[] {
  const families = service.spec?.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4'];
  return families.flatMap((family) => {
    const addressType = family === 'IPv6' ? 'IPv6' : 'IPv4';
    const groups = new Map<string, { ports: readonly ResolvedPort[]; endpoints: Map<string, V1Endpoint> }>();
    for (const pod of pods.toSorted(byName)) {
      const address = addressOf(pod, addressType);
      if (address === undefined || isPodTerminal(pod)) continue;
      const ports = resolvePorts(service, pod);
      const id = groupId(addressType, ports);
      const group = groups.get(id) ?? { ports, endpoints: new Map<string, V1Endpoint>() };
      groups.set(id, group);
      group.endpoints.set(pod.metadata.uid, endpoint(service, pod, address, nodeOf));
    }
    // A service without pods still has a slice, so that its readers know that it has none.
    if (groups.size === 0) groups.set(groupId(addressType, []), { ports: [], endpoints: new Map() });
    return [...groups].map(([id, { ports, endpoints }]) => ({ id, addressType, ports, endpoints }));
  });
}

/** The same text for equal ports, whatever wrote them. */
export const groupId = (addressType: string, ports: readonly DiscoveryV1EndpointPort[]): string =>
  JSON.stringify([
    addressType,
    ...ports.map(({ name, port, protocol, appProtocol }) => [
      name ?? '',
      port ?? 0,
      protocol ?? 'TCP',
      appProtocol ?? '',
    ]),
  ]);

function addressOf(pod: V1Pod, addressType: AddressType): string | undefined {
  const all = pod.status?.podIPs?.map(({ ip }) => ip) ?? (pod.status?.podIP ? [pod.status.podIP] : []);
  return all.find((ip) => (addressType === 'IPv6') === ip.includes(':'));
}

function endpoint(
  service: Stored<V1Service>,
  pod: Stored<V1Pod>,
  address: string,
  nodeOf: (name: string) => V1Node | undefined,
): V1Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName && nodeOf(nodeName)?.metadata?.labels?.['topology.kubernetes.io/zone'];
  const hostname = hostnameIn(service, pod);
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: podReference(pod),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hostname && { hostname }),
  };
}
