/** A client on a thread of its own that asks again and again: how quick is the server for others while a test keeps it busy? */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

export interface ProbeTarget {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds. */
export interface Latencies {
  /** The median of a few requests before `startLatencyProbe` resolved: what this machine needs just now. */
  readonly before: number;
  readonly median: number;
  readonly worst: number;
}

export interface LatencyProbe {
  /** Rejects when a request was not answered with 200. */
  stop(): Promise<Latencies>;
}

const isTimes = (value: unknown): value is number[] => Array.isArray(value);

/** How many requests are made before `startLatencyProbe` resolves. */
export const requestsBefore = 8;

/** Resolves when its first requests have been answered. */
export async function startLatencyProbe(target: ProbeTarget): Promise<LatencyProbe> {
  const worker = new Worker(join(import.meta.dirname, 'latency-probe-worker.ts'), { workerData: target });
  const message = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  await message();
  return {
    async stop() {
      const answer = message();
      worker.postMessage('stop');
      const times = await answer;
      if (!isTimes(times)) throw new Error(`the probe said ${JSON.stringify(times)}`);
      const during = times.slice(requestsBefore);
      return {
        before: medianOf(times.slice(0, requestsBefore)),
        median: medianOf(during),
        worst: Math.max(0, ...during),
      };
    },
  };
}

const medianOf = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
