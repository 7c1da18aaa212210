import type { V1Container, V1LifecycleHandler } from '#api/generated/types.ts';
import type { Clock } from '#base/clock.ts';
import { httpRequest, portNumber } from '../probes/handler.ts';
import type { ProbeTransport } from '../probes/transport.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';

export interface HookOptions {
  readonly runtime: Pick<ContainerRuntime, 'execSync'>;
  readonly transport: ProbeTransport;
  readonly clock: Clock;
  readonly containerId: string;
  readonly container: V1Container;
  /** The pod's address. */
  readonly address: string;
}

/** Runs a postStart or preStop hook to its end. Rejects when it fails or takes longer than `timeoutMs`. */
export async function runHook(
  hook: V1LifecycleHandler,
  options: HookOptions,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, runtime, transport } = options;
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const result = await runtime.execSync(options.containerId, command, Math.max(1, timeoutMs / 1000), signal);
    if (result.exitCode === 0) return;
    const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8').slice(0, outputMax);
    throw new Error(`command '${command.join(' ')}' exited with ${result.exitCode}: ${output}`);
  }
  if (hook.sleep) return clock.sleep(Math.min(hook.sleep.seconds * 1000, timeoutMs), signal);
  const target = { containerId: options.containerId, container: options.container, address: options.address };
  if (hook.tcpSocket) {
    const { port, host } = hook.tcpSocket;
    return transport.tcp({ host: host || target.address, port: portNumber(port, target) }, timeoutMs, signal);
  }
  if (hook.httpGet) {
    const request = httpRequest(hook.httpGet, target);
    const { status } = await transport.http(request, timeoutMs, signal);
    if (status >= 400) throw new Error(`HTTP hook answered with status ${status}`);
  }
}

const outputMax = 1024;
