/** The CRI's log format: `<RFC 3339 time with nanoseconds> <stdout|stderr> <tags> <content>`, one line per write. */

export interface LogLine {
  /** As written; nanoseconds do not fit a number. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The runtime cut a long line here; the next line of this stream goes on with it. */
  readonly partial: boolean;
  /** Without the newline. */
  readonly content: Buffer;
}

const blank = 0x20;
/** `2026-01-01T00:00:00.000000000+00:00` and a little more. */
const timeBytesMax = 64;

/** `line` has no newline. Undefined when it is not in the format, as after a crash in the middle of a write. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const timeEnd = line.indexOf(blank);
  if (timeEnd < 1 || timeEnd > timeBytesMax) return undefined;
  const time = line.toString('latin1', 0, timeEnd);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time)) return undefined;
  const streamEnd = line.indexOf(blank, timeEnd + 1);
  const stream = line.toString('latin1', timeEnd + 1, Math.min(streamEnd, timeEnd + 8));
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const found = line.indexOf(blank, streamEnd + 1);
  const tagsEnd = found < 0 ? line.length : found;
  const partial = isPartial(line.toString('latin1', streamEnd + 1, tagsEnd));
  if (partial === undefined) return undefined;
  return { time, stream, partial, content: line.subarray(Math.min(tagsEnd + 1, line.length)) };
}

/** Tags are separated by colons; the first one says whether the line is whole. */
function isPartial(tags: string): boolean | undefined {
  const [first] = tags.split(':', 1);
  return first === 'P' ? true : first === 'F' ? false : undefined;
}

/** Whether a line written at `time` is not older than `sinceMs`. */
export const isSince = (time: string, sinceMs: number): boolean => !(Date.parse(time) < sinceMs);

/** Offset of each line's end is found by scanning; a line longer than this is not the runtime's. */
export const lineBytesMax = 2 ** 20;
