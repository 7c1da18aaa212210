import type { ContainerRuntimeClient } from 'testcontainers';
import { connectEngine, ownerLabel } from './engine/client.ts';
import type { EngineSettings } from './engine/settings.ts';
import type { EtcdRun } from './etcd-process.ts';

/**
 * With the machine's own network, so that the ports are the same after a restart, and with `folder` at the same path, so
 * that the flags mean the same as for a process.
 */
export function createEtcdContainer(engine: EngineSettings, flags: readonly string[], folder: string): EtcdRun {
  let container: ReturnType<ContainerRuntimeClient['container']['getById']> | undefined;
  let removeContainer = async (): Promise<void> => {};
  const state = async () => (await container?.inspect())?.State;
  return {
    async start() {
      if (container) {
        await container.start();
        return;
      }
      const client = await connectEngine(engine.socketPath);
      const { GenericContainer } = await import('testcontainers');
      const started = await new GenericContainer(engine.image)
        .withNetworkMode('host')
        .withBindMounts([{ source: folder, target: folder }])
        .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
        .withLabels({ [ownerLabel]: engine.owner })
        .withCommand([...flags])
        .start();
      container = client.container.getById(started.getId());
      removeContainer = async () => {
        await started.stop({ timeout: 0 });
      };
    },
    async kill() {
      if (!(await state())?.Running) return;
      await container?.kill();
      await container?.wait();
    },
    async remove() {
      await removeContainer();
      container = undefined;
    },
    async lastWords() {
      const now = await state();
      if (!container || now?.Running) return undefined;
      return `(${now?.ExitCode}) ${(await container.logs({ stdout: true, stderr: true, tail: 20 })).toString()}`;
    },
  };
}
