import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type JoinFlags, joinCluster } from '../join/join.ts';

export const command: CommandModule = {
  register(program, context) {
    program
      .command('join <server>')
      .description(
        'Bring this machine into a cluster. The whole line is printed by `berth token create` on the server; run again, it repairs.',
      )
      .requiredOption('--token <token>', 'what berth token create printed')
      .option('--node-name <name>', "this machine's name in the cluster (default: its host name)")
      .option(
        '--node-address <address>',
        'the address others reach it at (default: auto, that on the way to the server, found anew at each start)',
      )
      .option('--agent-port <port>', 'port of the node agent (default: 10250)')
      .addHelpText(
        'after',
        '\nNothing is changed before the machine and the server have been checked, and a failure leaves nothing behind but packages.\n\nExamples:\n  berth join 192.0.2.1:6443 --token abcdef.0123456789abcdef.9f86d08…\n  berth join 192.0.2.1:6443 --token … --node-name worker-2 --node-address 192.0.2.7',
      )
      .action((server: string, flags: JoinFlags) => join(server, flags, context));
  },
};

async function join(server: string, flags: JoinFlags, context: CliContext): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new CliError('not running as root', {
      fix: 'Containers, networks and cgroups take root: run it again with sudo',
    });
  }
  await joinCluster(server, flags, context);
}
