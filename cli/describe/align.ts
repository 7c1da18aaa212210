/** Blanks between two columns. */
const padding = 2;

/**
 * Lines whose cells are divided by tabs, laid out in columns: in each run of neighbouring lines that have a cell in a
 * column, the column is as wide as its widest cell. The last cell of a line is nobody's measure. This is how kubectl
 * aligns `describe`, so that a long value in one place does not move all the others.
 */
export function alignTabs(lines: readonly string[]): string[] {
  const rows = lines.map((line) => line.split('\t'));
  return rows.map((cells, row) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widthOf(rows, row, column))))
      .join('')
      .trimEnd(),
  );
}

function widthOf(rows: readonly (readonly string[])[], row: number, column: number): number {
  let width = 0;
  const measure = (at: number): boolean => {
    const cells = rows[at];
    if (!cells || cells.length - 1 <= column) return false;
    width = Math.max(width, (cells[column] ?? '').length + padding);
    return true;
  };
  for (let at = row; measure(at); at--);
  for (let at = row + 1; measure(at); at++);
  return width;
}
