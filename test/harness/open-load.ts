import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What became of the requests since the start; `slowestMs` and `lateMs` (behind its own schedule) since the last look. */
export interface LoadCounts {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly slowestMs: number;
  readonly lateMs: number;
  /** The first ones, with their times. */
  readonly failures: readonly string[];
  /** By what was answered. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface OpenLoad {
  counts(): Promise<LoadCounts>;
  /** Sends no more, waits for the last answers, and ends. */
  stop(): Promise<void>;
}

export interface OpenLoadOptions {
  readonly url: string;
  readonly perSecond: number;
  /** What to start it with, for example `['nsenter', '--net=/run/netns/x']`. */
  readonly prefix?: readonly string[] | undefined;
}

/** Requests at a fixed rate, each in a connection of its own, from a process beside the test. */
export function startOpenLoad({ url, perSecond, prefix = [] }: OpenLoadOptions): OpenLoad {
  const main = join(import.meta.dirname, 'open-load-main.ts');
  const [command = process.execPath, ...args] = [...prefix, process.execPath, main, url, String(perSecond)];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'close');
  let asking: Promise<unknown> = Promise.resolve();

  const ask = async (): Promise<LoadCounts> => {
    const answer = once(lines, 'line');
    child.stdin.write('\n');
    const gone = ended.then(() => Promise.reject(new Error('the load has ended')));
    gone.catch(() => undefined);
    const [line]: unknown[] = await Promise.race([answer, gone]);
    return parseCounts(String(line));
  };

  return {
    counts() {
      const next = asking.then(ask);
      asking = next.catch(() => undefined);
      return next;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

function parseCounts(line: string): LoadCounts {
  const value: unknown = JSON.parse(line);
  if (!isCounts(value)) throw new Error(`the load said ${line}`);
  return value;
}

const isCounts = (value: unknown): value is LoadCounts =>
  typeof value === 'object' &&
  value !== null &&
  'sent' in value &&
  'failures' in value &&
  Array.isArray(value.failures);
