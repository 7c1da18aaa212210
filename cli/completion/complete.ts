import { Command, type Option } from 'commander';
import type { CliContext, CommandEntry } from '../command.ts';
import { commands } from '../commands.ts';
import { createObjectNames } from './names.ts';

/** A shell waits for us, and a person for the shell. */
const patienceMs = 3_000;

/** Prints what the last word may become, one per line; nothing when there is nothing to say, whatever the reason. */
export async function complete(words: readonly string[], context: CliContext): Promise<void> {
  const patience = new AbortController();
  const timer = context.clock.setTimer(patienceMs, () => patience.abort());
  try {
    const signal = AbortSignal.any([context.signal, patience.signal]);
    const found = await candidates(words, { ...context, signal });
    const current = words.at(-1) ?? '';
    for (const one of [...new Set(found)].sort()) if (one.startsWith(current)) context.stdout.write(`${one}\n`);
  } catch {
    // No cluster, no answer, no such verb: the shell then goes on by itself.
  } finally {
    timer.cancel();
  }
}

async function candidates(words: readonly string[], context: CliContext): Promise<readonly string[]> {
  const [verb = '', ...rest] = words;
  if (rest.length === 0) return commands.map(({ name }) => name);
  if (verb === 'help') return commands.map(({ name }) => name);
  const entry = commands.find(({ name }) => name === verb);
  if (!entry) return [];
  const { command, words: own } = subcommandOf(await registered(entry, context), rest);
  const current = own.at(-1) ?? '';
  const before = own.slice(0, -1);
  if (before.includes('--')) return [];
  const names = createObjectNames(context, valuesOf(before, command.options));
  const flag = flagOf(before.at(-1) ?? '', command.options);
  if (flag && takesValue(flag)) return flagValues(flag, positionals(before, command.options), names);
  if (current.startsWith('-')) return command.options.flatMap((one) => [one.long ?? '', one.short ?? '']);
  if (command.commands.length > 0) return command.commands.map((one) => one.name());
  return argumentsOf(verb, positionals(before, command.options), current, names);
}

async function registered(entry: CommandEntry, context: CliContext): Promise<Command> {
  const program = new Command();
  (await entry.load()).command.register(program, context);
  return program.commands[0] ?? program;
}

function subcommandOf(command: Command, words: readonly string[]): { command: Command; words: readonly string[] } {
  const next = command.commands.find((one) => one.name() === words[0]);
  return next && words.length > 1 ? { command: next, words: words.slice(1) } : { command, words };
}

const takesValue = (option: Option): boolean => option.required;

const flagOf = (word: string, options: readonly Option[]): Option | undefined =>
  options.find((option) => word !== '' && (option.long === word || option.short === word));

/** The words that are neither flags nor their values. */
function positionals(words: readonly string[], options: readonly Option[]): string[] {
  return words.filter((word, at) => {
    const flag = flagOf(words[at - 1] ?? '', options);
    return !word.startsWith('-') && !(flag && takesValue(flag));
  });
}

/** Values of flags by attribute name: those that say which cluster and namespace to ask. */
function valuesOf(words: readonly string[], options: readonly Option[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [at, word] of words.entries()) {
    const [name = '', inline] = word.split('=', 2);
    const flag = flagOf(name, options);
    const value = inline ?? words[at + 1];
    if (flag && takesValue(flag) && value !== undefined) values[flag.attributeName()] = value;
  }
  return values;
}

type Names = ReturnType<typeof createObjectNames>;

function flagValues(
  flag: Option,
  words: readonly string[],
  names: Names,
): Promise<readonly string[]> | readonly string[] {
  switch (flag.attributeName()) {
    case 'namespace':
      return names.of('namespaces');
    case 'container':
      return names.containers(words[0] ?? '');
    case 'output':
      return ['json', 'yaml', 'name', 'wide', 'jsonpath=', 'custom-columns='];
    case 'for':
      return ['condition=', 'jsonpath=', 'delete', 'create'];
    case 'cascade':
      return ['background', 'foreground', 'orphan'];
    case 'types':
      return ['Normal', 'Warning'];
    default:
      return [];
  }
}

const podVerbs: ReadonlySet<string> = new Set(['logs', 'exec', 'attach', 'port-forward', 'cp']);
const typeVerbs: ReadonlySet<string> = new Set([
  ...['get', 'describe', 'delete', 'scale', 'rollout', 'wait', 'label', 'annotate', 'explain'],
]);

async function argumentsOf(
  verb: string,
  before: readonly string[],
  current: string,
  names: Names,
): Promise<readonly string[]> {
  if (verb === 'completion') return ['bash', 'zsh', 'fish'];
  const [type, rest] = current.split('/', 2);
  if (rest !== undefined && type) return (await names.of(type)).map((name) => `${type}/${name}`);
  if (podVerbs.has(verb)) {
    if (before.length > 0) return verb === 'logs' && before.length === 1 ? names.containers(before[0] ?? '') : [];
    return [...(await names.of('pods')), 'deployment/', 'service/'];
  }
  if (!typeVerbs.has(verb)) return [];
  const [first] = before;
  if (first === undefined) return names.types();
  return verb === 'explain' || first.includes('/') ? [] : names.of(first);
}
