import type { CliContext } from '../command.ts';
import { CliError } from '../command.ts';
import { type OutputFormat, parseOutput, writeValue } from './output.ts';

/** `-o json` and `-o yaml` of anything. Throws a CliError for another format. */
export function writeStructured(context: CliContext, text: string, value: unknown): void {
  writeValue(context, structuredFormat(text), value);
}

/** Throws a CliError unless it is `json` or `yaml`: to be asked before anything is done whose result could not be told. */
export function structuredFormat(text: string): OutputFormat {
  const format = parseOutput(text);
  if (format.kind === 'json' || format.kind === 'yaml') return format;
  throw new CliError(`-o ${text} does not fit here`, { exitCode: 2, fix: 'Use -o json or -o yaml' });
}
