import { processStates, stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import type { ProcessName } from '#host/processes/keeper.ts';
import type { CliContext } from '../command.ts';
import { stopAllPods } from './stop-pods.ts';

/** The server or agent first, so that nothing starts a container again; then the containers; then what they ran on. */
export async function stopMachine(
  layout: HostLayout,
  context: CliContext,
  report: (what: string, detail: string) => void,
): Promise<void> {
  const running = processStates(layout, context.clock).filter((one) => one.supervised || one.pid !== undefined);
  const stop = async (name: ProcessName): Promise<void> => {
    if (!running.some((one) => one.name === name)) return;
    await stopProcesses(layout, [name], context.clock);
    report(name, 'stopped');
  };
  await stop('server');
  await stop('agent');
  if (running.some((one) => one.name === 'containerd')) report('pods', await stopAllPods(layout, context));
  await stop('containerd');
  await stop('etcd');
}
