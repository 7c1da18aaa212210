import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { chooseContainer } from '../resources/containers-of.ts';
import { choosePod, parsePodOwner, podsOf } from '../resources/pods-of.ts';
import { canUseTerminal, runSession } from '../streams/session.ts';

interface AttachFlags extends ClientFlags {
  readonly container?: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly quiet?: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('attach'))
      .description('Connect to the process that a container runs.')
      .argument('<target>', 'POD or TYPE/NAME, for example deploy/web: one of its pods')
      .option('-c, --container <name>', 'of this container (default: the first)')
      .option('-i, --stdin', 'pass standard input on')
      .option('-t, --tty', 'with a terminal; needs -i and a container that has one')
      .option('-q, --quiet', 'only what the process itself prints')
      .addHelpText('after', '\nExamples:\n  berth attach web-1\n  berth attach -it shell-1 -c main')
      .action((target: string, flags: AttachFlags) =>
        withConnection(context, flags, (connection) => attach(context, connection, target, flags)),
      );
  },
};

async function attach(context: CliContext, connection: Connection, target: string, flags: AttachFlags): Promise<void> {
  const say = (line: string): void => {
    if (!flags.quiet) context.stderr.write(`${line}\n`);
  };
  const owner = await parsePodOwner(connection, target);
  const pod = choosePod(await podsOf(connection, owner, context.signal), owner);
  const { namespace, name } = pod.metadata;
  const container = chooseContainer(pod, flags.container, say);
  const spec = pod.spec?.containers.find((one) => one.name === container);
  if (flags.tty && !spec?.tty) say(`Unable to use a TTY - container ${container} did not allocate one`);
  const tty = spec?.tty === true && canUseTerminal(context, flags);
  if (tty) say("If you don't see a command prompt, try pressing enter.");
  const code = await runSession(context, connection.client, {
    pod: { namespace, name },
    container,
    stdin: flags.stdin ?? false,
    tty,
  });
  if (code !== 0) throw new CliError('', { exitCode: code });
}
