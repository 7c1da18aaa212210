import type { Command } from 'commander';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import type { CommandModule } from '../command.ts';
import { withConnection } from '../connection.ts';
import { listNodes } from '../node/list.ts';
import { removeNode } from '../node/remove.ts';
import { parseDuration } from '../wait/duration.ts';

interface RemoveFlags extends ClientFlags {
  readonly force?: boolean;
  readonly timeout: string;
}

export const command: CommandModule = {
  register(program, context) {
    const node = program
      .command('node')
      .description('The machines of the cluster.')
      .enablePositionalOptions()
      .helpCommand(false)
      .addHelpText('after', '\nExamples:\n  berth node ls\n  berth node remove worker-2');
    const verb = (name: string, summary: string): Command => clientFlags(node.command(name)).description(summary);

    verb('ls', 'List them.')
      .alias('list')
      .option('-o, --output <format>', 'json or yaml')
      .addHelpText('after', '\nExamples:\n  berth node ls\n  berth node ls -o json')
      .action((flags: ClientFlags & { readonly output?: string }) =>
        withConnection(context, flags, (connection) => listNodes(context, connection, flags.output)),
      );

    verb('remove', 'Take a machine out of the cluster: move its pods elsewhere, refuse its identity, delete its node.')
      .alias('rm')
      .argument('<name>', 'the name of its node')
      .option('--force', 'do not wait for pods that cannot be moved; those that nobody makes anew are lost')
      .option('--timeout <duration>', 'how long pods may take to go', '5m')
      .addHelpText(
        'after',
        '\nA machine that still runs is best asked itself: berth leave, on the machine. For one that is gone, this is the way.\n\nExamples:\n  berth node remove worker-2\n  berth node remove worker-2 --force',
      )
      .action((name: string, flags: RemoveFlags) =>
        withConnection(context, flags, ({ client }) =>
          removeNode(
            client,
            name,
            { force: flags.force === true, timeoutMs: parseDuration('--timeout', flags.timeout) },
            context,
          ),
        ),
      );
  },
};
