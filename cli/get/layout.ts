import type { TextColumn } from '../printers/table.ts';
import type { ServerRow } from './table.ts';

/** What `get` adds around the server's own columns. */
export interface LayoutOptions {
  readonly withNamespace: boolean;
  /** `deployment.apps/web` instead of `web`: where several kinds are listed. */
  readonly namePrefix: string;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
}

export function layoutRows(
  columns: readonly TextColumn[],
  rows: readonly ServerRow[],
  options: LayoutOptions,
): { columns: TextColumn[]; rows: string[][] } {
  const extra = (name: string): TextColumn => ({ name, wide: false });
  return {
    columns: [
      ...(options.withNamespace ? [extra('Namespace')] : []),
      ...columns,
      ...options.labelColumns.map((label) => extra(label.split('/').at(-1) ?? label)),
      ...(options.showLabels ? [extra('Labels')] : []),
    ],
    rows: rows.map((row) => [
      ...(options.withNamespace ? [row.namespace ?? ''] : []),
      ...row.cells.map((cell, index) => (index === 0 ? `${options.namePrefix}${cell}` : cell)),
      ...options.labelColumns.map((label) => row.labels[label] ?? ''),
      ...(options.showLabels ? [formatLabels(row.labels)] : []),
    ]),
  };
}

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}
