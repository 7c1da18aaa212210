import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { alignTabs } from '../describe/align.ts';
import { templateLines } from '../describe/template.ts';
import type { Selected } from '../resources/select.ts';
import { type Revision, readRevisions } from './revisions.ts';
import { nameOf, readWorkload } from './workload.ts';

/** The list of revisions, or the template of one (`revision` 0: the list). */
export async function showHistory(
  context: CliContext,
  { client }: Connection,
  selected: Selected,
  revisionText: string,
): Promise<void> {
  const wanted = parseRevision('--revision', revisionText);
  const workload = await readWorkload(client, selected, 'history', context.signal);
  const revisions = await readRevisions(client, workload, context.signal);
  const name = nameOf(selected.type, selected.key);
  if (wanted === 0) {
    context.stdout.write(`${name}\n${historyTable(revisions)}\n`);
    return;
  }
  const revision = findRevision(revisions, wanted);
  const lines = alignTabs(templateLines(revision.template));
  context.stdout.write(`${name} with revision #${wanted}\n${lines.join('\n')}\n\n`);
}

export function historyTable(revisions: readonly Revision[]): string {
  if (revisions.length === 0) return 'No rollout history found.\n';
  const rows = revisions.map(({ number, changeCause }) => `${number}\t${changeCause || '<none>'}`);
  return alignTabs(['REVISION\tCHANGE-CAUSE', ...rows])
    .map((line) => `${line}\n`)
    .join('');
}

/** Throws a CliError that lists what there is. */
export function findRevision(revisions: readonly Revision[], wanted: number): Revision {
  const found = revisions.find(({ number }) => number === wanted);
  if (found) return found;
  throw new CliError(`unable to find the specified revision ${wanted} in history`, {
    fix: `There are: ${revisions.map(({ number }) => number).join(', ') || 'none'}`,
  });
}

/** Throws a CliError that names the flag. */
export function parseRevision(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new CliError(`${flag} must be the number of a revision, but is ${JSON.stringify(text)}`, { exitCode: 2 });
}
