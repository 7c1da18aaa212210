export interface TextColumn {
  readonly name: string;
  /** Shown only with -o wide. */
  readonly wide: boolean;
}

export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
}

/** Columns padded to their widest cell and three blanks, as kubectl prints them; the last one is not padded. */
export function formatTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const shown = columns.map((column, index) => ({ ...column, index })).filter((column) => options.wide || !column.wide);
  const lines = [
    ...(options.headers ? [shown.map((column) => column.name.toUpperCase())] : []),
    ...rows.map((row) => shown.map((column) => oneLine(row[column.index] ?? ''))),
  ];
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, at) => (at === line.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + 3))).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A cell must not break the table: only what comes before a line break, marked as cut. */
function oneLine(cell: string): string {
  const end = cell.search(/[\r\n]/);
  return end < 0 ? cell : `${cell.slice(0, end)}...`;
}
