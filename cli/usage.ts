import type { CommandEntry } from './command.ts';

const titles: Readonly<Record<CommandEntry['group'], string>> = {
  cluster: 'This machine and its cluster',
  objects: 'Objects',
  workloads: 'Workloads',
  containers: 'Containers',
  other: 'Other',
};

/** The list of verbs under the program's own help, by group. */
export function describeCommands(entries: readonly CommandEntry[]): string {
  const width = Math.max(...entries.map((entry) => entry.name.length)) + 2;
  return Object.entries(titles)
    .map(([group, title]) => {
      const lines = entries
        .filter((entry) => entry.group === group)
        .map((entry) => `  ${entry.name.padEnd(width)}${entry.summary}`);
      return lines.length > 0 ? `\n${title}:\n${lines.join('\n')}` : '';
    })
    .filter(Boolean)
    .concat('\nUse "berth COMMAND --help" for the flags and examples of one command.\n')
    .join('\n');
}
