import type { V1EndpointSlice, V1Endpoints, V1Namespace, V1Node, V1Secret } from '../generated/types.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export function defaultNamespace(namespace: V1Namespace): void {
  const name = namespace.metadata?.name;
  if (name && namespace.metadata) namespace.metadata.labels = { ...namespace.metadata.labels, [nameLabel]: name };
  namespace.status ??= {};
  namespace.status.phase ||= 'Active';
}

export function defaultNode({ status }: V1Node): void {
  if (status?.capacity && status.allocatable === undefined) status.allocatable = { ...status.capacity };
}

/** stringData is only a way to write: its values replace those in data. */
export function defaultSecret(secret: V1Secret): void {
  secret.type ||= 'Opaque';
  if (!secret.stringData) return;
  const written = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(written) };
  delete secret.stringData;
}

export function defaultEndpoints(endpoints: V1Endpoints): void {
  for (const subset of endpoints.subsets ?? []) {
    for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
  }
}

export function defaultEndpointSlice(slice: V1EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}
