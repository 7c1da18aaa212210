import { createSecureContext, type SecureContext } from 'node:tls';
import type { V1Node } from '#api/generated/types.ts';
import { nodes } from '#api/kinds.ts';
import { notFound, serviceUnavailable } from '#api/status-error.ts';
import { asType } from '../actions/of-type.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Backend } from './backend.ts';

/** PEM. What we show to agents, and who must have signed what they show us. */
export interface NodeProxyOptions {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

const agentPortDefault = 10250;
/** The address that is most likely to be reached from here first. */
const addressTypes = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalIP', 'ExternalDNS'];

export interface NodeBackends {
  /** The agent of a node; `path` with its query. Rejects when there is no such node or no way to it. */
  find(exchange: Exchange, nodeName: string, path: string): Promise<Backend>;
}

export function createNodeBackends({ ca, certificate, key }: NodeProxyOptions): NodeBackends {
  const context: SecureContext = createSecureContext({ ca, cert: certificate, key });
  return {
    async find({ services, context: requestContext }, nodeName, path) {
      const registry = services.core.registry(nodes.group, nodes.version, nodes.resource);
      if (!registry) throw notFound(nodes, nodeName);
      const { object } = await registry.get(requestContext, { name: nodeName }, { resourceVersion: '0' });
      const { host, port } = addressOf(asType(nodes, object));
      return {
        protocol: 'https',
        host,
        port,
        path,
        label: `node ${JSON.stringify(nodeName)}`,
        tls: { context, serverName: nodeName },
      };
    },
  };
}

export function addressOf(node: V1Node): { host: string; port: number } {
  const addresses = node.status?.addresses ?? [];
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || agentPortDefault;
  for (const wanted of addressTypes) {
    const found = addresses.find(({ type, address }) => type === wanted && address);
    if (found) return { host: found.address, port };
  }
  throw serviceUnavailable(`no preferred addresses found for node ${JSON.stringify(node.metadata?.name ?? '')}`);
}
