import { type Command, InvalidArgumentError, Option } from 'commander';

export type DryRun = 'none' | 'client' | 'server';

/** `--dry-run`, as kubectl has it: alone it means client. */
export const dryRunFlag = (command: Command): Command =>
  command.addOption(
    new Option('--dry-run [where]', 'change nothing: server (it checks everything) or client')
      .preset('client')
      .argParser(parseDryRun),
  );

function parseDryRun(text: string): DryRun {
  if (text === 'none' || text === 'client' || text === 'server') return text;
  throw new InvalidArgumentError('it must be none, client or server');
}

/** What a line of the outcome ends with. */
export function dryRunSuffix(dryRun: DryRun | undefined): string {
  if (dryRun === 'server') return ' (server dry run)';
  return dryRun === 'client' ? ' (dry run)' : '';
}
