/** The kubelet's `/stats/summary` and `/metrics/resource`, from one sample of the runtime's statistics. */
import type { ContainerStats } from '../runtime/runtime.ts';

export interface NodeUsage {
  readonly cpuUsageNanoseconds: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryAvailableBytes: number;
}

export interface PodUsage {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly startTime: string | undefined;
  readonly containers: readonly ContainerStats[];
}

export interface UsageSample {
  readonly nodeName: string;
  readonly timestampMs: number;
  readonly node: NodeUsage;
  readonly pods: readonly PodUsage[];
}

const total = (stats: readonly ContainerStats[], of: (each: ContainerStats) => number): number =>
  stats.reduce((sum, each) => sum + of(each), 0);

/** `before` gives rates; without it there are only totals. */
export function summarise(sample: UsageSample, before: UsageSample | undefined): object {
  const time = new Date(sample.timestampMs).toISOString();
  const elapsedMs = before ? sample.timestampMs - before.timestampMs : 0;
  const usage = (cpu: number, earlierCpu: number | undefined, memory: number, availableBytes?: number) => ({
    cpu: {
      time,
      ...(earlierCpu === undefined || elapsedMs <= 0 || cpu < earlierCpu
        ? {}
        : { usageNanoCores: Math.round(((cpu - earlierCpu) / elapsedMs) * 1000) }),
      usageCoreNanoSeconds: cpu,
    },
    memory: {
      time,
      usageBytes: memory,
      workingSetBytes: memory,
      ...(availableBytes === undefined ? {} : { availableBytes }),
    },
  });
  const earlier = new Map(before?.pods.flatMap((pod) => pod.containers).map((each) => [each.containerId, each]));
  const earlierOf = (containers: readonly ContainerStats[]): number | undefined => {
    const found = containers.flatMap(({ containerId }) => earlier.get(containerId) ?? []);
    return found.length === containers.length && found.length > 0 ? total(found, cpuOf) : undefined;
  };

  return {
    node: {
      nodeName: sample.nodeName,
      ...usage(
        sample.node.cpuUsageNanoseconds,
        before?.node.cpuUsageNanoseconds,
        sample.node.memoryWorkingSetBytes,
        sample.node.memoryAvailableBytes,
      ),
    },
    pods: sample.pods.map(({ name, namespace, uid, startTime, containers }) => ({
      podRef: { name, namespace, uid },
      startTime: startTime ?? null,
      containers: containers.map((each) => ({
        name: each.name,
        startTime: startTime ?? null,
        ...usage(
          each.cpuUsageNanoseconds,
          earlier.get(each.containerId)?.cpuUsageNanoseconds,
          each.memoryWorkingSetBytes,
        ),
        rootfs: { time, usedBytes: each.writableLayerBytes },
      })),
      ...usage(total(containers, cpuOf), earlierOf(containers), total(containers, memoryOf)),
    })),
  };
}

const cpuOf = (each: ContainerStats): number => each.cpuUsageNanoseconds;
const memoryOf = (each: ContainerStats): number => each.memoryWorkingSetBytes;

/** Prometheus' text format, with the names that metrics-server reads. */
export function resourceMetrics(sample: UsageSample): string {
  const lines: string[] = [];
  const add = (name: string, type: string, help: string, rows: readonly (readonly [string, number])[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of rows) lines.push(`${name}${labels} ${value} ${sample.timestampMs}`);
  };
  const containers = sample.pods.flatMap((pod) =>
    pod.containers.map((stats) => ({
      labels: labelsOf({ container: stats.name, namespace: pod.namespace, pod: pod.name }),
      stats,
      startMs: pod.startTime === undefined ? undefined : Date.parse(pod.startTime),
    })),
  );
  const pods = sample.pods.map((pod) => ({
    labels: labelsOf({ namespace: pod.namespace, pod: pod.name }),
    stats: pod.containers,
  }));
  const seconds = (nanoseconds: number) => nanoseconds / 1e9;

  add(
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the container in core-seconds',
    containers.map(({ labels, stats }) => [labels, seconds(cpuOf(stats))]),
  );
  add(
    'container_memory_working_set_bytes',
    'gauge',
    'Current working set of the container in bytes',
    containers.map(({ labels, stats }) => [labels, memoryOf(stats)]),
  );
  add(
    'container_start_time_seconds',
    'gauge',
    'Start time of the container since unix epoch in seconds',
    containers.flatMap(({ labels, startMs }) => (startMs === undefined ? [] : [[labels, startMs / 1000] as const])),
  );
  add(
    'pod_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed by the pod in core-seconds',
    pods.map(({ labels, stats }) => [labels, seconds(total(stats, cpuOf))]),
  );
  add(
    'pod_memory_working_set_bytes',
    'gauge',
    'Current working set of the pod in bytes',
    pods.map(({ labels, stats }) => [labels, total(stats, memoryOf)]),
  );
  add('node_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the node in core-seconds', [
    ['', seconds(sample.node.cpuUsageNanoseconds)],
  ]);
  add('node_memory_working_set_bytes', 'gauge', 'Current working set of the node in bytes', [
    ['', sample.node.memoryWorkingSetBytes],
  ]);
  add('scrape_error', 'gauge', '1 if there was an error while getting container metrics, 0 otherwise', [['', 0]]);
  return `${lines.join('\n')}\n`;
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const quote = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${quote(value)}"`)
    .join(',')}}`;
}
