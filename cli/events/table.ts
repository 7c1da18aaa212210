import type { CoreV1Event } from '#api/generated/types.ts';
import type { CliContext } from '../command.ts';
import { formatEventAge } from '../describe/events.ts';

export interface EventTableOptions {
  readonly headers: boolean;
  readonly withNamespace: boolean;
}

const gap = 3;

/** Prints rows as they come: headings once, and columns that keep at least the width they had. */
export function createEventPrinter(
  { clock, stdout }: Pick<CliContext, 'clock' | 'stdout'>,
  { headers, withNamespace }: EventTableOptions,
): (list: readonly CoreV1Event[]) => void {
  const titles = [...(withNamespace ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
  let widths = titles.map(({ length }) => (headers ? length : 0));
  let withTitles = headers;
  return (list) => {
    if (list.length === 0) return;
    const rows = list.map((event) => eventRow(event, clock.now(), withNamespace));
    widths = widths.map((width, column) => Math.max(width, ...rows.map((row) => row[column]?.length ?? 0)));
    for (const row of withTitles ? [titles, ...rows] : rows) {
      const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + gap)));
      stdout.write(`${cells.join('')}\n`);
    }
    withTitles = false;
  };
}

function eventRow(event: CoreV1Event, nowMs: number, withNamespace: boolean): string[] {
  const { kind, name } = event.involvedObject;
  return [
    ...(withNamespace ? [event.metadata.namespace ?? ''] : []),
    formatEventAge(event, nowMs),
    event.type ?? '',
    event.reason ?? '',
    `${kind ?? ''}/${name ?? ''}`,
    (event.message ?? '').trim().replaceAll(/\s*[\r\n\t]+\s*/g, ' '),
  ];
}
