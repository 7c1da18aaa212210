import { type ClusterConfig, clusterConfigName, clusterConfigToData } from '#api/cluster-config.ts';
import type { V1PriorityClass, V1Service } from '#api/generated/types.ts';
import { cidrAddress } from '#api/ipv4-network.ts';
import {
  configMaps,
  endpointSlices,
  endpoints,
  namespaces,
  priorityClasses,
  serviceCIDRs,
  services,
} from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isAlreadyExists, isNotFound } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';

export interface BootstrapOptions {
  /** Where pods and other machines reach this API server. */
  readonly advertise: { readonly host: string; readonly port: number };
  readonly cluster: ClusterConfig;
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Makes what every cluster has from its first moment. Idempotent; what people changed since is left alone. */
export async function ensureBootstrapObjects(client: ApiClient, options: BootstrapOptions): Promise<void> {
  for (const name of systemNamespaces) await ensure(client, namespaces, { metadata: { name } });
  await Promise.all([
    ...priorities.map((priority) => ensure(client, priorityClasses, priority)),
    ensure(client, serviceCIDRs, { metadata: { name: 'kubernetes' }, spec: { cidrs: [options.cluster.serviceCidr] } }),
    ensureOwnService(client, options),
    ensure(client, services, dnsService(options.cluster)),
    // What was chosen on the server holds, whatever was written here meanwhile.
    replace(client, configMaps, { metadata: clusterConfigName, data: clusterConfigToData(options.cluster) }),
  ]);
}

const priorities: V1PriorityClass[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    preemptionPolicy: 'PreemptLowerPriority',
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    preemptionPolicy: 'PreemptLowerPriority',
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

const ownService = { namespace: 'default', name: 'kubernetes' };

/** The service `kubernetes`, by which pods reach the API, with this server as its endpoint. */
async function ensureOwnService(client: ApiClient, { advertise, cluster }: BootstrapOptions): Promise<void> {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  await ensure(client, services, {
    metadata: { ...ownService, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: cidrAddress(cluster.serviceCidr, 1),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: advertise.port }],
    },
  });
  // Where only this machine reaches the server, pods have no way to it.
  if (isLoopback(advertise.host)) return;
  const port = { name: 'https', port: advertise.port, protocol: 'TCP' };
  const mirrored = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
  await replace(client, endpoints, {
    metadata: { ...ownService, labels: mirrored },
    subsets: [{ addresses: [{ ip: advertise.host }], ports: [port] }],
  });
  await replace(client, endpointSlices, {
    metadata: { ...ownService, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: advertise.host.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [advertise.host], conditions: { ready: true } }],
    ports: [port],
  });
}

/** Each machine answers at this address itself, so that it needs no endpoints. */
const dnsService = ({ clusterDns }: ClusterConfig): V1Service => ({
  metadata: {
    namespace: 'kube-system',
    name: 'kube-dns',
    labels: { 'k8s-app': 'kube-dns' },
  },
  spec: {
    type: 'ClusterIP',
    clusterIP: clusterDns,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
    ],
  },
});

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1';

async function ensure<T extends KubeObject>(client: ApiClient, type: ResourceType<T>, object: T): Promise<void> {
  const { namespace, name = '' } = object.metadata ?? {};
  try {
    await client.get(type, { namespace, name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(type, object).catch((refused: unknown) => {
      if (!isAlreadyExists(refused)) throw refused;
    });
  }
}

/** Writes the object whatever is there: this server knows best where it is. */
async function replace<T extends KubeObject>(client: ApiClient, type: ResourceType<T>, object: T): Promise<void> {
  await ensure(client, type, object);
  await client.update(type, object);
}
