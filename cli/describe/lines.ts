import type { V1ObjectMeta } from '#api/generated/types.ts';
import { lastAppliedAnnotation } from '../apply/last-applied.ts';

/** Text of `describe`: one entry per line, its cells divided by tabs (see alignTabs). */
export type Lines = readonly string[];

export const indent = (lines: Lines, levels = 1): string[] => lines.map((line) => `${'  '.repeat(levels)}${line}`);

export const orNone = (text: string | undefined): string => text || '<none>';

/** `Labels:` with one pair per line. */
export const labelLines = (title: string, labels: Readonly<Record<string, string>> | undefined): string[] =>
  multiLine(
    title,
    Object.entries(labels ?? {})
      .sort(byKey)
      .map(([key, value]) => `${key}=${value}`),
  );

const annotationLengthMax = 140;

/** Without the one in which `apply` keeps the whole manifest; long values below their key, and cut. */
export function annotationLines(title: string, annotations: Readonly<Record<string, string>> | undefined): string[] {
  const shown = Object.entries(annotations ?? {})
    .filter(([key]) => key !== lastAppliedAnnotation)
    .sort(byKey);
  return multiLine(title, shown.flatMap(annotationValue));
}

function annotationValue([key, value]: readonly [string, string]): string[] {
  const text = value.replace(/\n$/, '');
  if (!text.includes('\n') && key.length + text.length + 2 < annotationLengthMax) return [`${key}: ${text}`];
  const cut = (line: string): string =>
    line.length > annotationLengthMax ? `${line.slice(0, annotationLengthMax)}...` : line;
  return [`${key}:`, ...text.split('\n').map((line) => `  ${cut(line)}`)];
}

/** The title before the first value only. */
export const multiLine = (title: string, values: readonly string[]): string[] =>
  values.length === 0 ? [`${title}:\t<none>`] : values.map((value, at) => `${at === 0 ? `${title}:` : ''}\t${value}`);

export const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** `Name:` and what else every description begins with. */
export const headLines = (metadata: V1ObjectMeta | undefined, namespaced = true): string[] => [
  `Name:\t${metadata?.name ?? ''}`,
  ...(namespaced ? [`Namespace:\t${metadata?.namespace ?? ''}`] : []),
];

export const controllerLines = (metadata: V1ObjectMeta | undefined): string[] => {
  const owner = metadata?.ownerReferences?.find((one) => one.controller);
  return owner ? [`Controlled By:\t${owner.kind}/${owner.name}`] : [];
};

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** In the reader's own time zone: `Fri, 20 Nov 2026 22:50:56 +0000`. */
export function longTime(text: string | undefined): string {
  const time = new Date(text ?? '');
  if (Number.isNaN(time.getTime())) return text ?? '<unset>';
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${days[time.getDay()]}, ${two(time.getDate())} ${months[time.getMonth()]} ${time.getFullYear()}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())} ${zone}`;
}
