import type { Command, Option } from 'commander';

/** The command line with the flags that stand before the verb put behind it: `-n web get pods`. */
export function verbFirst(args: readonly string[]): { verb: string | undefined; args: string[] } {
  const before: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (!word.startsWith('-')) return { verb: word, args: [word, ...before, ...args.slice(at + 1)] };
    before.push(word);
    if (globalFlags.has(word) && at + 1 < args.length) before.push(args[++at] ?? '');
  }
  return { verb: undefined, args: [...args] };
}

/** Those that take a value in the next word. */
const globalFlags: ReadonlySet<string> = new Set(['-n', '--namespace', '--kubeconfig', '--context']);

/**
 * What people write for kubectl in the form that our parser reads: `--wait=false`, `--watch=true`, `-o=yaml`.
 * Nothing behind `--` is touched.
 */
export function normalizeFlags(program: Command, args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const options = optionsOf(program, own);
  const normalized = own.flatMap((word) => normalizeFlag(word, options));
  return [...normalized, ...args.slice(own.length)];
}

function normalizeFlag(word: string, options: readonly Option[]): string[] {
  const short = /^(-[A-Za-z])=(.*)$/s.exec(word);
  if (short && options.some((option) => option.short === short[1] && takesValue(option))) {
    return [short[1] ?? '', short[2] ?? ''];
  }
  const [, name = '', value = ''] = /^--([^=]+)=(true|false)$/.exec(word) ?? [];
  const positive = options.find((option) => option.long === `--${name}`);
  const negative = options.find((option) => option.long === `--no-${name}`);
  if (!name || (positive && takesValue(positive)) || (!positive && !negative)) return [word];
  if (value === 'true') return positive ? [`--${name}`] : [];
  return negative ? [`--no-${name}`] : [];
}

const takesValue = (option: Option): boolean => option.required || option.optional;

/** Of the command that the words name, and of its own subcommand. */
function optionsOf(program: Command, args: readonly string[]): readonly Option[] {
  let command = program;
  for (const word of args) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next) command = next;
  }
  return command.options;
}
