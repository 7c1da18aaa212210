import { Command, CommanderError } from 'commander';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import type { CliContext } from './command.ts';
import { commands } from './commands.ts';
import { reportError } from './report-error.ts';
import { describeCommands } from './usage.ts';

process.exitCode = await main(process.argv.slice(2));

/** Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const context = contextOf(interrupt);
  const program = createProgram(context);
  const name = args.find((arg) => !arg.startsWith('-'));
  const entry = commands.find((one) => one.name === name);
  try {
    if (entry) (await entry.load()).command.register(program, context);
    else if (name === undefined || name === 'help') return showHelp(program, args);
    await program.parseAsync([...args], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, context);
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command('berth')
    .description('Keeps containers running on your machines. Speaks the Kubernetes API.')
    .usage('COMMAND [flags]')
    .helpCommand(false)
    .addHelpText('after', () => describeCommands(commands))
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(`${text.trimEnd()}\nSee berth --help\n`),
    })
    .action((_options, command: Command) => {
      command.error(`error: unknown command ${JSON.stringify(command.args[0] ?? '')}`, { exitCode: 2 });
    });
  program.allowExcessArguments();
  return program;
}

async function showHelp(program: Command, args: readonly string[]): Promise<number> {
  const topic = args[args.indexOf('help') + 1];
  const entry = commands.find((one) => one.name === topic);
  if (entry && topic) return main([topic, '--help']);
  program.outputHelp();
  return 0;
}

function contextOf(interrupt: AbortController): CliContext {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interrupt.signal.aborted) process.exit(130);
    process.exitCode = signal === 'SIGINT' ? 130 : 143;
    interrupt.abort(new Error(`interrupted by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    clock: createRealClock(),
    random: createRealRandom(),
    signal: interrupt.signal,
  };
}
