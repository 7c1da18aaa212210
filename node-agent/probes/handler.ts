import type { IntOrString, V1Container, V1HTTPGetAction, V1Probe, V1TCPSocketAction } from '#api/generated/types.ts';
import { messageOf } from '#base/error-message.ts';
import { isRuntimeError } from '../runtime/errors.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import type { HttpProbe, ProbeTransport } from './transport.ts';

export interface ProbeResult {
  readonly ok: boolean;
  /** Why not, in the kubelet's words; empty when it is well. */
  readonly output: string;
}

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: V1Container;
  /** Where the container's ports are reached when the probe names no host. */
  readonly address: string;
}

export interface ProbeMeans {
  readonly runtime: Pick<ContainerRuntime, 'execSync'>;
  readonly transport: ProbeTransport;
}

const outputMax = 10 * 1024;

/** Asks once. Never rejects: what fails is a failed probe, with its reason. */
export async function runProbe(
  probe: V1Probe,
  target: ProbeTarget,
  means: ProbeMeans,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec) return await execProbe(probe.exec.command ?? [], target, means, timeoutMs, signal);
    if (probe.httpGet) return await httpProbe(httpRequest(probe.httpGet, target), means, timeoutMs, signal);
    if (probe.tcpSocket) return await tcpProbe(probe.tcpSocket, target, means, timeoutMs, signal);
    if (probe.grpc) return await grpcProbe(probe.grpc.port, probe.grpc.service ?? '', target, means, timeoutMs, signal);
    return { ok: true, output: '' };
  } catch (error) {
    return { ok: false, output: messageOf(error).slice(0, outputMax) };
  }
}

async function execProbe(
  command: readonly string[],
  target: ProbeTarget,
  { runtime }: ProbeMeans,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, timeoutMs / 1000, signal);
    const output = Buffer.concat([stdout, stderr]).subarray(0, outputMax).toString('utf8');
    return { ok: exitCode === 0, output: exitCode === 0 ? '' : output };
  } catch (error) {
    if (!isRuntimeError(error, 'timeout')) throw error;
    return {
      ok: false,
      output: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`,
    };
  }
}

async function httpProbe(
  request: HttpProbe,
  { transport }: ProbeMeans,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const url = `${request.scheme}://${bracketed(request.host)}:${request.port}${request.path}`;
  try {
    const { status } = await transport.http(request, timeoutMs, signal);
    const ok = status >= 200 && status < 400;
    return { ok, output: ok ? '' : `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    return { ok: false, output: `Get ${JSON.stringify(url)}: ${messageOf(error)}` };
  }
}

async function tcpProbe(
  action: V1TCPSocketAction,
  target: ProbeTarget,
  { transport }: ProbeMeans,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  await transport.tcp(
    { host: action.host || target.address, port: portNumber(action.port, target) },
    timeoutMs,
    signal,
  );
  return { ok: true, output: '' };
}

async function grpcProbe(
  port: number,
  service: string,
  target: ProbeTarget,
  { transport }: ProbeMeans,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const answer = await transport.grpc({ host: target.address, port }, service, timeoutMs, signal);
  const ok = answer === 'SERVING';
  return { ok, output: ok ? '' : `service unhealthy (responded with ${JSON.stringify(answer)})` };
}

/** Throws when a port is named that the container does not have. */
export function httpRequest(action: V1HTTPGetAction, target: ProbeTarget): HttpProbe {
  const path = action.path ?? '/';
  const headers = action.httpHeaders ?? [];
  const given = (name: string): boolean => headers.some((header) => header.name.toLowerCase() === name);
  return {
    scheme: action.scheme?.toLowerCase() === 'https' ? 'https' : 'http',
    host: action.host || target.address,
    port: portNumber(action.port, target),
    path: path.startsWith('/') ? path : `/${path}`,
    headers: [
      ...headers,
      ...(given('user-agent') ? [] : [{ name: 'User-Agent', value: 'kube-probe/1.36' }]),
      ...(given('accept') ? [] : [{ name: 'Accept', value: '*/*' }]),
    ],
  };
}

/** Throws when a port is named that the container does not have. */
export function portNumber(port: IntOrString, { container }: ProbeTarget): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find(({ name }) => name === port);
  const value = named?.containerPort ?? Number(port);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new Error(`invalid port number: ${port}`);
  return value;
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
