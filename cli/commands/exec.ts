import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { chooseContainer } from '../resources/containers-of.ts';
import { choosePod, parsePodOwner, podsOf } from '../resources/pods-of.ts';
import { canUseTerminal, runSession } from '../streams/session.ts';

interface ExecFlags extends ClientFlags {
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly quiet?: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('exec'))
      .description("Run a command in a container. Its exit code is berth's.")
      .argument('<target>', 'POD or TYPE/NAME, for example deploy/web: one of its pods')
      .argument('<command...>', 'behind --: the command and its arguments')
      .option('-c, --container <name>', 'in this container (default: the first)')
      .option('-i, --stdin', 'pass standard input on')
      .option('-t, --tty', 'with a terminal; needs -i')
      .option('-q, --quiet', 'only what the command itself prints')
      .addHelpText(
        'after',
        '\nExamples:\n  berth exec web-1 -- ls -l /\n  berth exec -it deploy/web -- sh\n  echo hello | berth exec -i web-1 -c side -- cat',
      )
      .action((target: string, words: string[], flags: ExecFlags) =>
        withConnection(context, flags, (connection) => run(context, connection, target, words, flags)),
      );
  },
};

async function run(
  context: CliContext,
  connection: Connection,
  target: string,
  words: readonly string[],
  flags: ExecFlags,
): Promise<void> {
  const owner = await parsePodOwner(connection, target);
  const pod = choosePod(await podsOf(connection, owner, context.signal), owner);
  const { namespace, name } = pod.metadata;
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new CliError(`cannot exec into a container in a completed pod; current phase is ${phase}`, {
      fix: `Read what it has left with: berth logs ${name}`,
    });
  }
  const container = chooseContainer(pod, flags.container, (line) => {
    if (!flags.quiet) context.stderr.write(`${line}\n`);
  });
  const code = await runSession(context, connection.client, {
    pod: { namespace, name },
    container,
    command: words,
    stdin: flags.stdin ?? false,
    tty: canUseTerminal(context, flags),
  });
  if (code === 0) return;
  if (!flags.quiet) context.stderr.write(`command terminated with exit code ${code}\n`);
  throw new CliError('', { exitCode: code });
}
