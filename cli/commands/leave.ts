import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { leaveCluster } from '../join/leave.ts';
import { parseDuration } from '../wait/duration.ts';

interface LeaveFlags {
  readonly force?: boolean;
  readonly timeout: string;
}

export const command: CommandModule = {
  register(program, context) {
    program
      .command('leave')
      .description(
        'Take this machine out of its cluster: move its pods elsewhere, delete its node, remove everything here.',
      )
      .option(
        '--force',
        'also when pods cannot be moved, or the server cannot be reached; pods that nobody makes anew are lost',
      )
      .option('--timeout <duration>', 'how long pods may take to go', '5m')
      .addHelpText('after', '\nExamples:\n  berth leave\n  berth leave --force')
      .action((flags: LeaveFlags) => leave(flags, context));
  },
};

async function leave({ force = false, timeout }: LeaveFlags, context: CliContext): Promise<void> {
  if (process.getuid?.() !== 0) throw new CliError('not running as root', { fix: 'Run it again with sudo' });
  await leaveCluster({ force, timeoutMs: parseDuration('--timeout', timeout) }, context);
}
