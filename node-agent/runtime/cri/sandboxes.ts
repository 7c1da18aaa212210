import { RuntimeServiceService } from '#proto/generated/cri/runtime.ts';
import type { SandboxRuntime } from '../runtime.ts';
import type { Connection } from './connection.ts';
import { fromSandbox, fromSandboxStatus } from './from-cri.ts';
import { ifPresent, timeouts } from './timeouts.ts';
import { toSandboxConfig } from './to-cri.ts';

type Sandboxes = Pick<
  SandboxRuntime,
  'runSandbox' | 'stopSandbox' | 'removeSandbox' | 'listSandboxes' | 'sandboxStatus' | 'portForwardUrl'
>;

export function createCriSandboxes(connection: Connection): Sandboxes {
  const service = RuntimeServiceService;
  return {
    async runSandbox(config, signal) {
      const request = { config: toSandboxConfig(config), runtimeHandler: config.runtimeHandler };
      const started = await connection.call(service.runPodSandbox, request, { timeoutMs: timeouts.sandboxMs, signal });
      return started.podSandboxId;
    },
    async stopSandbox(podSandboxId, signal) {
      const options = { timeoutMs: timeouts.changeMs, signal };
      await ifPresent(connection.call(service.stopPodSandbox, { podSandboxId }, options));
    },
    async removeSandbox(podSandboxId, signal) {
      const options = { timeoutMs: timeouts.changeMs, signal };
      await ifPresent(connection.call(service.removePodSandbox, { podSandboxId }, options));
    },
    async listSandboxes(signal) {
      const request = { filter: undefined };
      const listed = await connection.call(service.listPodSandbox, request, { timeoutMs: timeouts.queryMs, signal });
      return listed.items.map(fromSandbox);
    },
    async sandboxStatus(podSandboxId, signal) {
      const request = { podSandboxId, verbose: false };
      const found = await connection.call(service.podSandboxStatus, request, { timeoutMs: timeouts.queryMs, signal });
      return fromSandboxStatus(found.status);
    },
    async portForwardUrl(podSandboxId, ports) {
      const request = { podSandboxId, port: [...ports] };
      return (await connection.call(service.portForward, request, { timeoutMs: timeouts.queryMs })).url;
    },
  };
}
