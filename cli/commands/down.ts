import { existsSync } from 'node:fs';
import type { HostLayout } from '#host/layout.ts';
import { removeEverything, removeRuntimeTraces } from '#host/removal/removal.ts';
import { loadSettings } from '#host/settings.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { layoutOf } from '../host-context.ts';
import { createProgress } from '../progress.ts';
import { stopMachine } from '../up/dismantle.ts';

interface DownFlags {
  readonly purge?: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    program
      .command('down')
      .description('Stop the cluster on this machine. Its state stays, and `berth up` brings it back.')
      .option('--purge', 'remove everything that Berth made on this machine, on a server the cluster state included')
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
  await stopMachine(layout, context, (what, detail) => progress.done(what, detail));
  const joined = joinedAs(layout);
  if (flags.purge) {
    await removeEverything(layout, context.clock);
    progress.line(
      '\nEverything that Berth made here is removed. Packages that it installed were left; apt-get can remove them.',
    );
    if (joined) progress.line(`The cluster still has its node; on the server: berth node remove ${joined}`);
  } else {
    await removeRuntimeTraces(layout, context.clock);
    progress.line('\nThe cluster is down. Bring it back with: berth up');
  }
}

/** The node's name on a machine that joined. Settings that cannot be read are no reason to keep the machine as it is. */
function joinedAs(layout: HostLayout): string | undefined {
  try {
    const settings = loadSettings(layout.settingsFile);
    return settings?.role === 'agent' ? settings.nodeName : undefined;
  } catch {
    return undefined;
  }
}
