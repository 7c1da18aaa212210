import type { V1Service, V1ServicePort } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';

/**
 * The variables by which a container finds services without DNS. `links` false leaves only the API server's own,
 * which every container gets.
 */
export function serviceEnvironment(
  services: readonly Stored<V1Service>[],
  namespace: string,
  links: boolean,
): Map<string, string> {
  const byName = new Map<string, Stored<V1Service>>();
  for (const service of services) {
    const { name } = service.metadata;
    const inNamespace = service.metadata.namespace === namespace;
    const isApiServer = service.metadata.namespace === 'default' && name === 'kubernetes';
    if (!hasClusterIp(service)) continue;
    if (links && inNamespace) byName.set(name, service);
    else if (isApiServer && !byName.has(name)) byName.set(name, service);
  }
  const result = new Map<string, string>();
  for (const name of [...byName.keys()].sort()) {
    const service = byName.get(name);
    if (service) addService(result, service);
  }
  return result;
}

const hasClusterIp = (service: V1Service): boolean => {
  const ip = service.spec?.clusterIP;
  return ip !== undefined && ip !== '' && ip !== 'None';
};

const variableName = (text: string): string => text.toUpperCase().replaceAll('-', '_');

function addService(result: Map<string, string>, service: Stored<V1Service>): void {
  const prefix = variableName(service.metadata.name);
  const host = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const first = ports[0];
  if (!first) return;
  result.set(`${prefix}_SERVICE_HOST`, host);
  result.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports)
    if (port.name) result.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
  result.set(`${prefix}_PORT`, urlOf(first, host));
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const link = `${prefix}_PORT_${port.port}_${protocol}`;
    result.set(link, urlOf(port, host));
    result.set(`${link}_PROTO`, protocol.toLowerCase());
    result.set(`${link}_PORT`, String(port.port));
    result.set(`${link}_ADDR`, host);
  }
}

const urlOf = (port: V1ServicePort, host: string): string =>
  `${(port.protocol ?? 'TCP').toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;
