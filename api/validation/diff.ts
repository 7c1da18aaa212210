import { isJsonObject } from '../schema/record.ts';
/**
 * What differs between two JSON values, in the manner of go-cmp (which Kubernetes shows in its refusals): the path down to
 * each difference, `-` before what was and `+` before what is wanted. Bounded, for objects may be large.
 */
export function diffText(old: unknown, wanted: unknown): string {
  const lines: string[] = [];
  compare(old, wanted, '', 1, lines);
  const shown = lines.slice(0, linesMax);
  const more = lines.length > shown.length ? [`  ... // ${lines.length - shown.length} more lines`] : [];
  return ['  {', ...shown, ...more, '  }', ''].join('\n');
}

const linesMax = 60;
const textMax = 400;

function compare(old: unknown, wanted: unknown, name: string, depth: number, lines: string[]): void {
  if (JSON.stringify(old) === JSON.stringify(wanted)) return;
  const indent = '  '.repeat(depth);
  const label = name ? `${name}: ` : '';
  if (isJsonObject(old) && isJsonObject(wanted)) {
    if (depth > 1 || name) lines.push(`  ${indent}${label}{`);
    const keys = [...new Set([...Object.keys(old), ...Object.keys(wanted)])].toSorted();
    for (const key of keys) compare(old[key], wanted[key], key, depth + 1, lines);
    if (depth > 1 || name) lines.push(`  ${indent}},`);
    return;
  }
  if (Array.isArray(old) && Array.isArray(wanted)) {
    lines.push(`  ${indent}${label}[`);
    for (let index = 0; index < Math.max(old.length, wanted.length); index++) {
      compare(old[index], wanted[index], String(index), depth + 1, lines);
    }
    lines.push(`  ${indent}],`);
    return;
  }
  if (old !== undefined) lines.push(`- ${indent}${label}${text(old)},`);
  if (wanted !== undefined) lines.push(`+ ${indent}${label}${text(wanted)},`);
}

function text(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > textMax ? `${json.slice(0, textMax)}…` : json;
}
