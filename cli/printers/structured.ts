import type { CliContext } from '../command.ts';
import { CliError } from '../command.ts';
import { parseOutput, writeValue } from './output.ts';

/** `-o json` and `-o yaml` of anything. Throws a CliError for another format. */
export function writeStructured(context: CliContext, text: string, value: unknown): void {
  const format = parseOutput(text);
  if (format.kind !== 'json' && format.kind !== 'yaml') {
    throw new CliError(`-o ${text} does not fit here`, { exitCode: 2, fix: 'Use -o json or -o yaml' });
  }
  writeValue(context, format, value);
}
