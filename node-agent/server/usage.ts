import { readFile } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import type { PodLookup } from '../pods/lookup.ts';
import type { ContainerRuntime, ContainerStats } from '../runtime/runtime.ts';
import type { NodeUsage, UsageSample } from './stats.ts';

export interface Sampler {
  /** The present sample and the one before it. Callers that come close together share one. */
  sample(signal: AbortSignal): Promise<{ readonly now: UsageSample; readonly before: UsageSample | undefined }>;
}

export interface SamplerOptions {
  readonly runtime: Pick<ContainerRuntime, 'containerStats'>;
  readonly pods: PodLookup;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly node?: () => Promise<NodeUsage>;
}

/** Rates over less than this would be noise, and asking the runtime more often would be work. */
const freshMs = 1000;

export function createSampler({ runtime, pods, nodeName, clock, node = readNodeUsage }: SamplerOptions): Sampler {
  let now: UsageSample | undefined;
  let before: UsageSample | undefined;

  const take = async (signal: AbortSignal): Promise<UsageSample> => {
    const stats = await runtime.containerStats(signal);
    const byPod = Map.groupBy(stats, ({ podUid }: ContainerStats) => podUid);
    return {
      nodeName,
      timestampMs: clock.now(),
      node: await node(),
      pods: pods.list().map(({ metadata, status }) => ({
        name: metadata.name,
        namespace: metadata.namespace ?? '',
        uid: metadata.uid,
        startTime: status?.startTime,
        containers: byPod.get(metadata.uid) ?? [],
      })),
    };
  };

  return {
    async sample(signal) {
      if (!now || clock.now() - now.timestampMs >= freshMs) {
        const taken = await take(signal);
        if (now !== undefined && taken.timestampMs - now.timestampMs >= freshMs) before = now;
        now = taken;
      }
      return { now, before };
    },
  };
}

/** `/proc/stat` counts in hundredths of a second on every Linux that Node runs on. */
const tickNanoseconds = 10_000_000;

async function readNodeUsage(): Promise<NodeUsage> {
  const [stat, memory] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')]);
  // user nice system idle iowait irq softirq steal
  const ticks = (stat.split('\n')[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const busy = ticks.reduce((sum, each, index) => (index === 3 || index === 4 ? sum : sum + each), 0);
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? 0) * 1024;
  const available = kibibytes('MemAvailable');
  return {
    cpuUsageNanoseconds: busy * tickNanoseconds,
    memoryWorkingSetBytes: kibibytes('MemTotal') - available,
    memoryAvailableBytes: available,
  };
}
