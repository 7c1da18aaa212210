import { Command, CommanderError } from 'commander';
import { normalizeFlags, verbFirst } from './arguments.ts';
import type { CliContext } from './command.ts';
import { commands } from './commands.ts';
import { reportError } from './report-error.ts';
import { describeCommands } from './usage.ts';

/** Runs one command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export async function runCli(given: readonly string[], context: CliContext): Promise<number> {
  const [first, ...words] = given;
  // A shell asks for it with words that are not finished; it is no verb for people.
  if (first === '__complete') {
    const { complete } = await import('./completion/complete.ts');
    await complete(words, context);
    return 0;
  }
  const program = createProgram(context);
  const { verb, args } = verbFirst(given);
  const entry = commands.find((one) => one.name === verb);
  try {
    if (entry) (await entry.load()).command.register(program, context);
    else if (verb === undefined || verb === 'help') return showHelp(program, args, context);
    await program.parseAsync(normalizeFlags(program, args), { from: 'user' });
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
    // The words behind a verb are the verb's own, `--` among them.
    .enablePositionalOptions()
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

async function showHelp(program: Command, args: readonly string[], context: CliContext): Promise<number> {
  const topic = args[args.indexOf('help') + 1];
  const entry = commands.find((one) => one.name === topic);
  if (entry && topic) return runCli([topic, '--help'], context);
  program.outputHelp();
  return 0;
}
