import type { Clock } from '#base/clock.ts';
import { openNext, openOldest } from './files.ts';
import { isSince, type LogLine, lineBytesMax, parseLogLine } from './line.ts';
import { createLineSource, type LineSource } from './lines.ts';
import { findTail, type LogStart } from './tail.ts';

export interface LogOptions {
  readonly follow: boolean;
  /** Undefined is all. Counted before `sinceMs` is looked at, as Kubernetes does. */
  readonly tailLines?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  readonly timestamps: boolean;
  /** Cuts the output, in the middle of a line if need be. */
  readonly limitBytes?: number | undefined;
  readonly streams?: 'stdout' | 'stderr' | undefined;
}

export interface LogContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Following ends when the container does not run any more and everything was read. */
  isRunning(): Promise<boolean>;
}

const pollMs = 100;
/** The runtime writes the last lines into a rotated file after it has opened the next one. */
const rotationGraceMs = 500;
/** A follower asks the runtime no more often than this whether the container still runs. */
const runningCheckMs = 1000;

/**
 * The container's output as bytes, oldest first, through rotations. Holds one line at a time (and each stream's cut
 * line) in memory. A log that does not exist is empty; with `follow` it may appear later.
 */
export async function* readLogs(
  path: string,
  options: LogOptions,
  context: LogContext,
): AsyncGenerator<Buffer, void, undefined> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const joiner = createJoiner();
  if (left <= 0) return;
  for await (const line of readLines(path, options, context)) {
    for (const whole of joiner.add(line)) {
      if (options.sinceMs !== undefined && !isSince(whole.time, options.sinceMs)) continue;
      if (options.streams !== undefined && options.streams !== whole.stream) continue;
      const bytes = render(whole, options.timestamps);
      const cut = bytes.length > left ? bytes.subarray(0, left) : bytes;
      left -= cut.length;
      yield cut;
      if (left <= 0) return;
    }
  }
}

async function* readLines(path: string, options: LogOptions, context: LogContext): AsyncGenerator<LogLine> {
  const { clock, signal } = context;
  let lastCheckMs = Number.NEGATIVE_INFINITY;
  const mayGrow = async (): Promise<boolean> => {
    if (!options.follow || signal.aborted) return false;
    if (clock.monotonicMs() - lastCheckMs >= runningCheckMs) {
      if (!(await context.isRunning())) return false;
      lastCheckMs = clock.monotonicMs();
    }
    await clock.sleep(pollMs, signal).catch(() => undefined);
    return !signal.aborted;
  };

  let file = await findStart(path, options);
  while (!file && (await mayGrow())) file = await findStart(path, { ...options, tailLines: undefined });
  let source = file && createLineSource(file.handle, file.offset);
  try {
    while (file && source) {
      yield* parseLines(source, signal);
      const next = await openNext(path, file.inode);
      if (next) {
        const settledAtMs = next.createdAtMs + rotationGraceMs;
        const graceMs = Math.min(Math.max(settledAtMs - clock.now(), 0), rotationGraceMs);
        if (options.follow) await clock.sleep(graceMs, signal).catch(() => undefined);
        yield* parseLines(source, signal);
        await file.handle.close();
        file = { ...next, offset: 0 };
        source = createLineSource(file.handle, 0);
      } else if (!(await mayGrow())) {
        // What was written before the container was seen to have ended.
        if (options.follow) yield* parseLines(source, signal);
        return;
      }
      if (signal.aborted) return;
    }
  } finally {
    await file?.handle.close();
  }
}

async function* parseLines(source: LineSource, signal: AbortSignal): AsyncGenerator<LogLine> {
  for await (const line of source.read()) {
    if (signal.aborted) return;
    const parsed = parseLogLine(line);
    if (parsed) yield parsed;
  }
}

async function findStart(path: string, options: LogOptions): Promise<LogStart | undefined> {
  if (options.tailLines !== undefined) return findTail(path, options.tailLines);
  const opened = await openOldest(path);
  return opened && { ...opened, offset: 0 };
}

interface WholeLine {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  readonly content: Buffer;
  /** False for the parts of a line that is too long to be held. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Puts cut lines together, per stream, up to 1 MiB; longer ones come out in parts. */
function createJoiner() {
  const pending = new Map<string, { time: string; parts: Buffer[]; bytes: number; begins: boolean }>();
  return {
    *add(line: LogLine): Generator<WholeLine> {
      const { stream } = line;
      const cut = pending.get(stream) ?? { time: line.time, parts: [], bytes: 0, begins: true };
      if (line.partial && cut.bytes + line.content.length < lineBytesMax) {
        // A copy, since the content is a view of a whole block.
        cut.parts.push(Buffer.from(line.content));
        cut.bytes += line.content.length;
        pending.set(stream, cut);
        return;
      }
      const content = Buffer.concat([...cut.parts, line.content]);
      yield { time: cut.time, stream, content, begins: cut.begins, ends: !line.partial };
      if (line.partial) pending.set(stream, { time: cut.time, parts: [], bytes: 0, begins: false });
      else pending.delete(stream);
    },
  };
}

const lineEnd = Buffer.from('\n');

function render({ time, content, begins, ends }: WholeLine, timestamps: boolean): Buffer {
  const prefix = timestamps && begins ? [Buffer.from(`${time} `)] : [];
  return Buffer.concat([...prefix, content, ...(ends ? [lineEnd] : [])]);
}
