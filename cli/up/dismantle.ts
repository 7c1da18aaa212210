import { processStates, stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import type { CliContext } from '../command.ts';
import { stopAllPods } from './stop-pods.ts';

/** The server or agent first, so that nothing starts a container again; the containers before what they run on. */
export async function stopMachine(
  layout: HostLayout,
  context: CliContext,
  report: (what: string, detail: string) => void,
): Promise<void> {
  const running = processStates(layout, context.clock).filter((one) => one.supervised || one.pid !== undefined);
  for (const { name } of running.reverse()) {
    if (name === 'containerd') report('pods', await stopAllPods(layout, context));
    await stopProcesses(layout, [name], context.clock);
    report(name, 'stopped');
  }
}
