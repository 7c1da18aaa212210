import type { V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices, services as serviceType } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { badRequest, notFound, serviceUnavailable } from '#api/status-error.ts';
import { asType, isOfType } from '../actions/of-type.ts';
import { type Exchange, keyOf } from '../http/exchange.ts';
import type { Backend } from './backend.ts';
import type { NodeBackends } from './node-backend.ts';
import { podOf } from './pod-streams.ts';

/** `[scheme:]name[:port]`, as names are written in proxy URLs. */
export interface ProxyName {
  readonly protocol: 'http' | 'https';
  readonly name: string;
  readonly port: string | undefined;
}

export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':');
  const [first = '', second = '', third] = parts;
  if (parts.length === 1) return { protocol: 'http', name: first, port: undefined };
  if (parts.length === 2) return { protocol: 'http', name: first, port: second || undefined };
  if (parts.length === 3 && (first === '' || first === 'http' || first === 'https')) {
    return { protocol: first === 'https' ? 'https' : 'http', name: second, port: third || undefined };
  }
  throw badRequest(`invalid proxy name ${JSON.stringify(text)}: it must be [scheme:]name[:port]`);
}

/** Where pods/proxy, services/proxy and nodes/proxy lead. */
export function webBackend(exchange: Exchange, nodeBackends: NodeBackends): Promise<Backend> {
  const { target, route } = exchange;
  const asked = parseProxyName(route.name ?? '');
  const path = `${route.proxyPath || '/'}${target.rawQuery ? `?${target.rawQuery}` : ''}`;
  switch (route.resource) {
    case 'pods':
      return podBackend(exchange, asked, path);
    case 'services':
      return serviceBackend(exchange, asked, path);
    default:
      return nodeBackends.find(exchange, asked.name, path).then((agent) => toNodePort(agent, asked));
  }
}

/** A port other than the agent's is some other program on that node. */
function toNodePort(agent: Backend, { port, protocol }: ProxyName): Backend {
  if (port === undefined || Number(port) === agent.port) return agent;
  return { ...agent, protocol, port: portNumber(port), tls: undefined };
}

async function podBackend(exchange: Exchange, { protocol, name, port }: ProxyName, path: string): Promise<Backend> {
  const pod = await podOf(exchange, name);
  const host = pod.status?.podIP;
  if (!host) throw serviceUnavailable(`pod ${JSON.stringify(name)} has no address yet`);
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports }) => ports ?? []);
  const named = declared.find((one) => one.name === port)?.containerPort;
  const number = port === undefined ? (declared[0]?.containerPort ?? 80) : (named ?? portNumber(port));
  return { protocol, host, port: number, path, label: `pod ${JSON.stringify(name)}` };
}

async function serviceBackend(exchange: Exchange, asked: ProxyName, path: string): Promise<Backend> {
  const { services, context } = exchange;
  const { protocol, name, port } = asked;
  const { namespace } = keyOf(exchange);
  const registry = services.core.registry(serviceType.group, serviceType.version, serviceType.resource);
  const slices = services.core.registry(endpointSlices.group, endpointSlices.version, endpointSlices.resource);
  if (!registry || !slices) throw notFound(serviceType, name);
  const service = asType(serviceType, (await registry.get(context, { namespace, name }, {})).object);
  const ports = service.spec?.ports ?? [];
  const wanted =
    port === undefined && ports.length === 1
      ? ports[0]
      : ports.find((one) => one.name === (port ?? '') || String(one.port) === port);
  if (!wanted)
    throw serviceUnavailable(`no service port ${JSON.stringify(port ?? '')} found for service ${JSON.stringify(name)}`);
  const { items } = await slices.list(context, { namespace, labelSelector: `kubernetes.io/service-name=${name}` });
  const targets = items
    .map(({ object }): KubeObject => object)
    .filter((object): object is V1EndpointSlice => isOfType(endpointSlices, object))
    .flatMap((slice) => readyTargets(slice, wanted.name ?? ''));
  const chosen = targets[Math.floor(services.random.next() * targets.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return { protocol, ...chosen, path, label: `service ${JSON.stringify(name)}` };
}

function readyTargets(slice: V1EndpointSlice, portName: string): { host: string; port: number }[] {
  const port = slice.ports?.find((one) => (one.name ?? '') === portName)?.port;
  if (port === undefined) return [];
  return (slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })));
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}
