import { isJsonObject } from '#api/schema/record.ts';
import { StatusError } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { berthVersion } from '../version.ts';

interface VersionFlags extends ClientFlags {
  readonly client?: boolean;
  readonly output?: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('version'))
      .description('Show the version of berth and of the server.')
      .option('--client', 'only that of berth, without asking the server')
      .option('-o, --output <format>', 'json or yaml')
      .addHelpText('after', '\nExamples:\n  berth version\n  berth version --client -o json')
      .action((flags: VersionFlags) => version(context, flags));
  },
};

async function version(context: CliContext, flags: VersionFlags): Promise<void> {
  const clientVersion = { berth: berthVersion(), node: process.version };
  const serverVersion = flags.client ? undefined : await serverOf(context, flags);
  if (flags.output) {
    const { writeStructured } = await import('../printers/structured.ts');
    return writeStructured(context, flags.output, { clientVersion, serverVersion });
  }
  context.stdout.write(`Client: berth ${clientVersion.berth} (Node ${clientVersion.node})\n`);
  if (serverVersion) context.stdout.write(`Server: ${serverVersion.gitVersion} (${serverVersion.platform})\n`);
}

async function serverOf(context: CliContext, flags: VersionFlags): Promise<Record<string, unknown> | undefined> {
  // Only this needs a connection: without a server the answer comes at once.
  const { withConnection } = await import('../connection.ts');
  try {
    return await withConnection(context, flags, async ({ client }) => {
      const answer = await client.json({ method: 'GET', path: '/version', signal: context.signal });
      return isJsonObject(answer) ? answer : undefined;
    });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    context.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
