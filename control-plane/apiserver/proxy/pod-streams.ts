import { type FieldError, fieldForbidden, fieldInvalid } from '#api/field-error.ts';
import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import { badRequest, invalid, notFound } from '#api/status-error.ts';
import { asType } from '../actions/of-type.ts';
import { type Exchange, keyOf } from '../http/exchange.ts';
import type { ApiResponse } from '../http/message.ts';
import { flag } from '../http/query.ts';
import { type Backend, callBackend, refusalOf } from './backend.ts';
import { containerOf } from './container.ts';
import { chunksOf } from './forward.ts';
import type { NodeBackends } from './node-backend.ts';

export async function podOf(exchange: Exchange, name = keyOf(exchange).name): Promise<V1Pod> {
  const { services, context } = exchange;
  const registry = services.core.registry(pods.group, pods.version, pods.resource);
  if (!registry) throw notFound(pods, name);
  return asType(pods, (await registry.get(context, { ...keyOf(exchange), name }, {})).object);
}

/** The log of a container, followed if asked. A pod that is on no node yet has an empty one. */
export async function serveLog(exchange: Exchange, nodeBackends: NodeBackends): Promise<ApiResponse> {
  const { target, context, services } = exchange;
  const { query } = target;
  checkLogOptions(query, keyOf(exchange).name);
  const pod = await podOf(exchange);
  const container = containerOf(pod, query.get('container') || undefined);
  const headers = { 'content-type': 'text/plain' };
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) return { status: 200, headers, body: Buffer.alloc(0) };
  const asked = new URLSearchParams(query);
  asked.delete('container');
  asked.delete('pretty');
  asked.delete('insecureSkipTLSVerifyBackend');
  const path = agentPath('containerLogs', pod, container, asked);
  const backend = await nodeBackends.find(exchange, nodeName, path);
  const call = { method: 'GET', headers: {}, signal: context.signal };
  const response = await callBackend(backend, call, services.clock);
  if (response.statusCode !== 200) throw await refusalOf(response);
  return { status: 200, headers, body: chunksOf(response) };
}

function checkLogOptions(query: URLSearchParams, name: string): void {
  const errors: FieldError[] = [];
  for (const [field, min, words] of [
    ['tailLines', 0, 'must be greater than or equal to 0'],
    ['limitBytes', 1, 'must be greater than 0'],
    ['sinceSeconds', 1, 'must be greater than 0'],
  ] as const) {
    const text = query.get(field);
    if (!text) continue;
    if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    if (Number(text) < min) errors.push(fieldInvalid(field, Number(text), words));
  }
  if (query.get('sinceSeconds') && query.get('sinceTime')) {
    errors.push(fieldForbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  }
  if (errors.length) throw invalid('PodLogOptions', '', name, errors);
}

/** Where exec, attach and port-forward of a pod are served. */
export async function streamBackend(exchange: Exchange, nodeBackends: NodeBackends): Promise<Backend> {
  const { target, subresource } = exchange;
  const pod = await podOf(exchange);
  const nodeName = pod.spec?.nodeName;
  const isPortForward = subresource?.name === 'portforward';
  const container = isPortForward ? undefined : containerOf(pod, target.query.get('container') || undefined);
  if (!nodeName) throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
  if (!isPortForward && (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed')) {
    throw badRequest(`cannot exec into a container in a completed pod; current phase is ${pod.status.phase}`);
  }
  const path = isPortForward
    ? agentPath('portForward', pod, undefined, onlyPorts(target.query))
    : agentPath(subresource?.name ?? 'exec', pod, container, streamOptions(target.query));
  return nodeBackends.find(exchange, nodeName, path);
}

function onlyPorts(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams(query.getAll('ports').map((port) => ['port', port]));
}

/** The agent's API, as the kubelet's, has other names for the streams. */
function streamOptions(query: URLSearchParams): URLSearchParams {
  const options = new URLSearchParams();
  for (const [name, agentName] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const) {
    if (flag(query, name)) options.set(agentName, '1');
  }
  for (const word of query.getAll('command')) options.append('command', word);
  return options;
}

function agentPath(verb: string, pod: V1Pod, container: string | undefined, query: URLSearchParams): string {
  const { namespace = '', name = '' } = pod.metadata ?? {};
  const segments = [verb, namespace, name, ...(container === undefined ? [] : [container])];
  const text = query.toString();
  return `/${segments.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}
