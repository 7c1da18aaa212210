import type { Command } from 'commander';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import type { CommandModule } from '../command.ts';
import { withConnection } from '../connection.ts';
import { type CreateFlags, createToken } from '../token/create.ts';
import { listTokens } from '../token/list.ts';
import { revokeTokens } from '../token/revoke.ts';

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  berth ${line}`).join('\n')}`;

export const command: CommandModule = {
  register(program, context) {
    const token = program
      .command('token')
      .description('Create, list and revoke the tokens by which machines join the cluster.')
      .enablePositionalOptions()
      .helpCommand(false)
      .addHelpText('after', examples('token create', 'token create --ttl 1h', 'token list', 'token revoke abc123'));
    const verb = (name: string, summary: string): Command =>
      clientFlags(token.command(name)).description(summary).option('-o, --output <format>', 'json or yaml');

    verb('create', 'Print the one line that the next machine joins with.')
      .option('--ttl <duration>', 'how long it is good for, for example 30m, 24h; 0: for ever', '24h')
      .option('--description <text>', 'what it is for, to be shown in the list')
      .option('--server <host:port>', 'how the next machine reaches this cluster (default: as the server tells)')
      .addHelpText('after', examples('token create', 'token create --ttl 1h --description "rack 2"'))
      .action((flags: CreateFlags & ClientFlags) =>
        withConnection(context, flags, (connection) => createToken(context, connection.client, flags)),
      );
    verb('list', 'List the tokens that are good now; the secret part is not shown.')
      .alias('ls')
      .addHelpText('after', examples('token list'))
      .action((flags: ClientFlags & { readonly output?: string }) =>
        withConnection(context, flags, (connection) => listTokens(context, connection.client, flags.output)),
      );
    clientFlags(token.command('revoke'))
      .description('End tokens now: nothing joins with them any more. Machines that have joined stay.')
      .argument('<id...>', 'as the list shows it, or the whole token')
      .addHelpText('after', examples('token revoke abc123'))
      .action((ids: string[], flags: ClientFlags) =>
        withConnection(context, flags, (connection) => revokeTokens(context, connection.client, ids)),
      );
  },
};
