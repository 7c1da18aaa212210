import type { Command } from 'commander';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { type Selected, type SelectFlags, selectObjects } from '../resources/select.ts';
import { restart, setPaused } from '../rollout/change.ts';
import { showHistory } from '../rollout/history.ts';
import { undo } from '../rollout/undo.ts';
import { type StatusFlags, showStatus } from '../rollout/watch-status.ts';
import { type DryRun, dryRunFlag } from '../write-flags.ts';

type Act<F> = (context: CliContext, connection: Connection, selected: Selected, flags: F) => Promise<void>;

export const command: CommandModule = {
  register(program, context) {
    const rollout = program
      .command('rollout')
      .description('Follow, undo, restart, pause and resume what deployments, daemon sets and stateful sets roll out.')
      .enablePositionalOptions()
      .helpCommand(false)
      .addHelpText('after', examples('rollout status deploy/web', 'rollout undo deploy/web', 'rollout restart sts/db'));
    const verb = (name: string, summary: string): Command =>
      clientFlags(rollout.command(name))
        .description(summary)
        .argument('[what...]', 'TYPE NAME... or TYPE/NAME...')
        .option('-l, --selector <selector>', 'objects with these labels')
        .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
        .option('-R, --recursive', 'folders within folders too');
    const on = <F extends ClientFlags & SelectFlags>(one: Command, act: Act<F>): Command =>
      one.action((what: string[], flags: F) => run(context, what, flags, act));

    on<StatusFlags & ClientFlags>(
      verb('status', 'Follow a rollout until it is done; exit code 1 when it fails.')
        .option('--no-watch', 'say where it stands, and end')
        .option('--timeout <duration>', 'give up after, for example, 2m; 0: never', '0s')
        .option('--revision <number>', 'fail when another revision is rolled out meanwhile; 0: any', '0')
        .addHelpText('after', examples('rollout status deploy/web', 'rollout status deploy/web --timeout=2m')),
      showStatus,
    );
    on<{ readonly revision: string } & ClientFlags>(
      verb('history', 'List earlier revisions, or show one of them.')
        .option('--revision <number>', 'the pod template of this one', '0')
        .addHelpText('after', examples('rollout history deploy/web', 'rollout history deploy/web --revision=3')),
      (_, connection, selected, flags) => showHistory(context, connection, selected, flags.revision),
    );
    on<{ readonly toRevision: string; readonly dryRun?: DryRun } & ClientFlags>(
      dryRunFlag(verb('undo', 'Go back to an earlier revision.'))
        .option('--to-revision <number>', 'to this one; 0: to the one before', '0')
        .addHelpText('after', examples('rollout undo deploy/web', 'rollout undo deploy/web --to-revision=3')),
      undo,
    );
    on(
      verb('restart', 'Replace all pods by new ones, little by little.').addHelpText(
        'after',
        examples('rollout restart deploy/web', 'rollout restart deploy -l app=web'),
      ),
      restart,
    );
    on(
      verb('pause', 'Roll nothing out until resume: for several changes at once.').addHelpText(
        'after',
        examples('rollout pause deploy/web'),
      ),
      (_, connection, selected) => setPaused(context, connection, selected, true),
    );
    on(
      verb('resume', 'Roll out what was changed since pause.').addHelpText(
        'after',
        examples('rollout resume deploy/web'),
      ),
      (_, connection, selected) => setPaused(context, connection, selected, false),
    );
  },
};

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  berth ${line}`).join('\n')}`;

/** A kind alone means all of its objects, as for kubectl. */
const run = <F extends ClientFlags & SelectFlags>(
  context: CliContext,
  what: readonly string[],
  flags: F,
  act: Act<F>,
): Promise<void> =>
  withConnection(context, flags, async (connection) => {
    const all = what.length === 1 && !what[0]?.includes('/');
    for (const selected of await selectObjects(context, connection, what, { ...flags, all })) {
      await act(context, connection, selected, flags);
    }
  });
