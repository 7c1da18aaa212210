import { resolve } from 'node:path';
import { pods } from '#api/kinds.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { download } from '../copy/download.ts';
import { parseSpec } from '../copy/spec.ts';
import { upload } from '../copy/upload.ts';
import { chooseContainer } from '../resources/containers-of.ts';

interface CopyFlags extends ClientFlags {
  readonly container?: string;
  readonly preserve: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('cp'))
      .description('Copy files and folders to and from a container, which needs a tar for it.')
      .argument('<from>', 'PATH, POD:PATH or NAMESPACE/POD:PATH')
      .argument('<to>', 'the same; one of the two is local')
      .option('-c, --container <name>', 'this container (default: the first)')
      .option('--no-preserve', 'do not keep owner and permissions')
      .addHelpText(
        'after',
        '\nExamples:\n  berth cp web-1:/var/log/app.log app.log\n  berth cp ./pages web-1:/www -c nginx\n  berth cp shop/web-1:/etc ./etc',
      )
      .action((from: string, to: string, flags: CopyFlags) =>
        withConnection(context, flags, (connection) => copy(context, connection, from, to, flags)),
      );
  },
};

async function copy(
  context: CliContext,
  connection: Connection,
  fromText: string,
  toText: string,
  flags: CopyFlags,
): Promise<void> {
  const from = parseSpec(fromText);
  const to = parseSpec(toText);
  const remote = from.kind === 'remote' ? from : to;
  if (from.kind === to.kind || remote.kind !== 'remote') {
    throw new CliError('one of the two must be in a pod, and the other one local', {
      exitCode: 2,
      fix: 'For example: berth cp web-1:/var/log/app.log app.log',
    });
  }
  const { client } = connection;
  const key = { namespace: remote.namespace ?? connection.namespace, name: remote.pod };
  const pod = await client.get(pods, key, { signal: context.signal });
  const container = chooseContainer(pod, flags.container, (line) => context.stderr.write(`${line}\n`));
  const side = { context, client, pod: key, container };
  if (from.kind === 'local') return upload(side, resolve(context.cwd, from.path), remote.path, flags.preserve);
  const local = to.kind === 'local' ? resolve(context.cwd, to.path) : '';
  await download(side, remote.path, local, (line) => context.stderr.write(`${line}\n`));
}
