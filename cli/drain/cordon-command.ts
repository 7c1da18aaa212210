import { type ClientFlags, clientFlags } from '../client-flags.ts';
import type { CommandModule } from '../command.ts';
import { withConnection } from '../connection.ts';
import { type DryRun, dryRunFlag, dryRunSuffix } from '../write-flags.ts';
import { setUnschedulable } from './cordon.ts';
import { selectNodes } from './select-nodes.ts';

interface CordonFlags extends ClientFlags {
  readonly selector?: string;
  readonly dryRun?: DryRun;
}

/** `cordon` and `uncordon`, which differ in one word. */
export const cordonCommand = (verb: 'cordon' | 'uncordon', summary: string): CommandModule => ({
  register(program, context) {
    dryRunFlag(clientFlags(program.command(verb)))
      .description(summary)
      .argument('[nodes...]', 'their names')
      .option('-l, --selector <selector>', 'nodes with these labels')
      .addHelpText('after', `\nExamples:\n  berth ${verb} node-2\n  berth ${verb} -l rack=a`)
      .action((names: string[], flags: CordonFlags) =>
        withConnection(context, flags, async ({ client }) => {
          const { signal } = context;
          for (const name of await selectNodes(client, names, flags.selector, verb, signal)) {
            const changed = await setUnschedulable(client, name, verb === 'cordon', flags.dryRun ?? 'none', signal);
            const words = changed ? `${verb}ed${dryRunSuffix(flags.dryRun)}` : `already ${verb}ed`;
            context.stdout.write(`node/${name} ${words}\n`);
          }
        }),
      );
  },
});
