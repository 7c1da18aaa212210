import { createSilentLog } from '#base/log.ts';
import type { HostLayout } from '#host/layout.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import type { CliContext } from '../command.ts';

/** What a container gets between SIGTERM and SIGKILL when the whole machine's cluster goes down. */
const graceSeconds = 10;
const inFlightMax = 16;

/** Stops every container and sandbox of our containerd. The API objects stay as they are. */
export async function stopAllPods(layout: HostLayout, context: CliContext): Promise<string> {
  const runtime = createCriRuntime({
    socketPath: layout.containerdSocket,
    clock: context.clock,
    log: createSilentLog(),
  });
  try {
    const containers = (await runtime.listContainers()).filter((one) => one.state === 'running');
    await inParallel(containers, (one) => runtime.stopContainer(one.id, graceSeconds));
    const sandboxes = await runtime.listSandboxes();
    // The runtime takes each sandbox's network down here; afterwards nobody would know of it.
    await inParallel(sandboxes, (one) => runtime.stopSandbox(one.id));
    return `stopped ${sandboxes.length}, with ${containers.length} containers`;
  } finally {
    await runtime.close();
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: inFlightMax }, worker));
}
