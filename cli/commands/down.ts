import { existsSync } from 'node:fs';
import { processStates, stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import type { ProcessName } from '#host/processes/keeper.ts';
import { removeEverything, removeRuntimeTraces } from '#host/removal/removal.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { layoutOf } from '../host-context.ts';
import { createProgress } from '../progress.ts';
import { stopAllPods } from '../up/stop-pods.ts';

interface DownFlags {
  readonly purge?: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    program
      .command('down')
      .description('Stop the cluster on this machine. Its state stays, and `berth up` brings it back.')
      .option('--purge', 'remove everything that Berth made on this machine, the cluster state included')
      .addHelpText('after', '\nExamples:\n  berth down\n  berth down --purge')
      .action((flags: DownFlags) => down(context, flags));
  },
};

async function down(context: CliContext, flags: DownFlags): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new CliError('not running as root', { fix: 'Run it as the user that ran up: sudo berth down' });
  }
  const layout = layoutOf(context);
  const progress = createProgress(context, 14);
  const present = [layout.stateDir, layout.runDir, layout.logDir].some((folder) => existsSync(folder));
  if (!present) {
    context.stdout.write('Berth is not set up on this machine; there is nothing to do.\n');
    return;
  }
  await stopCluster(layout, context, (what, detail) => progress.done(what, detail));
  if (flags.purge) {
    await removeEverything(layout, context.clock);
    progress.line(
      '\nEverything that Berth made here is removed. Packages that it installed were left; apt-get can remove them.',
    );
  } else {
    await removeRuntimeTraces(layout, context.clock);
    progress.line('\nThe cluster is down. Bring it back with: berth up');
  }
}

/** The server or agent first, so that nothing starts a container again; then the containers; then what they ran on. */
export async function stopCluster(
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
