import type { Container as CriContainer } from '#proto/generated/cri/container.ts';
import { RuntimeServiceService } from '#proto/generated/cri/runtime.ts';
import { RuntimeError } from '../errors.ts';
import type { Container, SandboxRuntime } from '../runtime.ts';
import type { Connection } from './connection.ts';
import { fromContainer, fromContainerStatus, fromStats } from './from-cri.ts';
import { toInt64 } from './int64.ts';
import { createOwners } from './owners.ts';
import { ifPresent, timeouts } from './timeouts.ts';
import { toContainerConfig, toResources, toSandboxConfig } from './to-cri.ts';

type Containers = Omit<
  SandboxRuntime,
  'runSandbox' | 'stopSandbox' | 'removeSandbox' | 'listSandboxes' | 'sandboxStatus' | 'portForwardUrl'
>;

export function createCriContainers(connection: Connection): Containers {
  const service = RuntimeServiceService;
  const owners = createOwners();

  const list = async (id: string | undefined, signal: AbortSignal | undefined): Promise<Container[]> => {
    const filter = id === undefined ? undefined : { id, podSandboxId: '', labelSelector: {} };
    const options = { timeoutMs: timeouts.queryMs, signal };
    const listed = await connection.call(service.listContainers, { filter }, options);
    return listed.containers.map((container: CriContainer) => fromContainer(container));
  };

  const findOwner = async (containerId: string, signal: AbortSignal | undefined): Promise<string> => {
    const known = owners.sandboxOf(containerId);
    if (known !== undefined) return known;
    const [found] = await list(containerId, signal);
    if (found) owners.learn(containerId, found.sandboxId);
    return found?.sandboxId ?? '';
  };

  return {
    async createContainer(podSandboxId, config, sandbox, signal) {
      const request = {
        podSandboxId,
        config: toContainerConfig(config, sandbox),
        sandboxConfig: toSandboxConfig(sandbox),
      };
      const created = await connection.call(service.createContainer, request, { timeoutMs: timeouts.changeMs, signal });
      owners.learn(created.containerId, podSandboxId);
      return created.containerId;
    },
    async startContainer(containerId, signal) {
      await connection.call(service.startContainer, { containerId }, { timeoutMs: timeouts.changeMs, signal });
    },
    async stopContainer(containerId, gracePeriodSeconds, signal) {
      const request = { containerId, timeout: toInt64(Math.max(0, Math.ceil(gracePeriodSeconds))) };
      const timeoutMs = timeouts.changeMs + gracePeriodSeconds * 1000;
      await ifPresent(connection.call(service.stopContainer, request, { timeoutMs, signal }));
    },
    async removeContainer(containerId, signal) {
      const options = { timeoutMs: timeouts.changeMs, signal };
      await ifPresent(connection.call(service.removeContainer, { containerId }, options));
      owners.forget(containerId);
    },
    async listContainers(signal) {
      const containers = await list(undefined, signal);
      owners.replace(containers);
      return containers;
    },
    async containerStatus(containerId, signal) {
      const request = { containerId, verbose: false };
      const found = await connection.call(service.containerStatus, request, { timeoutMs: timeouts.queryMs, signal });
      if (!found.status) throw new RuntimeError('failed', 'ContainerStatus: the answer has no status');
      return fromContainerStatus(found.status, await findOwner(containerId, signal));
    },
    async updateContainerResources(containerId, resources, signal) {
      const request = { containerId, linux: toResources(resources) };
      await connection.call(service.updateContainerResources, request, { timeoutMs: timeouts.changeMs, signal });
    },
    async reopenLog(containerId, signal) {
      await connection.call(service.reopenContainerLog, { containerId }, { timeoutMs: timeouts.queryMs, signal });
    },
    async execSync(containerId, command, timeoutSeconds, signal) {
      const request = { containerId, cmd: [...command], timeout: toInt64(Math.ceil(timeoutSeconds)) };
      // Without a limit of its own the command runs as long as the caller's signal lets it.
      const timeoutMs = timeoutSeconds > 0 ? timeouts.queryMs + timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
      const { exitCode, stdout, stderr } = await connection.call(service.execSync, request, { timeoutMs, signal });
      return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
    },
    async execUrl({ containerId, stdin, stdout, stderr, tty, command }) {
      const request = { containerId, cmd: [...command], stdin, stdout, stderr: stderr && !tty, tty };
      return (await connection.call(service.exec, request, { timeoutMs: timeouts.queryMs })).url;
    },
    async attachUrl({ containerId, stdin, stdout, stderr, tty }) {
      const request = { containerId, stdin, stdout, stderr: stderr && !tty, tty };
      return (await connection.call(service.attach, request, { timeoutMs: timeouts.queryMs })).url;
    },
    async containerStats(signal) {
      const request = { filter: undefined };
      const listed = await connection.call(service.listContainerStats, request, {
        timeoutMs: timeouts.queryMs,
        signal,
      });
      return listed.stats.map(fromStats);
    },
  };
}
