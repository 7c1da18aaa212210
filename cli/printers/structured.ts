import { stringify } from 'yaml';
import { type CliContext, CliError } from '../command.ts';

/** `-o json` and `-o yaml` of anything. Throws a CliError for another format. */
export function writeStructured(context: Pick<CliContext, 'stdout'>, format: string, value: unknown): void {
  if (format === 'json') context.stdout.write(`${JSON.stringify(value, undefined, 4)}\n`);
  else if (format === 'yaml') context.stdout.write(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
  else
    throw new CliError(`unknown output format ${JSON.stringify(format)}`, {
      exitCode: 2,
      fix: 'Use -o json or -o yaml',
    });
}
