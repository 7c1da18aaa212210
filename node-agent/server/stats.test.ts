import { describe, expect, it } from 'vitest';
import { resourceMetrics, summarise, type UsageSample } from './stats.ts';

const sample = (timestampMs: number, cpu: number): UsageSample => ({
  nodeName: 'n1',
  timestampMs,
  node: { cpuUsageNanoseconds: cpu * 4, memoryWorkingSetBytes: 900, memoryAvailableBytes: 100 },
  pods: [
    {
      name: 'p"1',
      namespace: 'd',
      uid: 'u',
      startTime: '2026-01-01T00:00:00Z',
      containers: ['a', 'b'].map((name) => ({
        containerId: name,
        podUid: 'u',
        name,
        timestampMs,
        cpuUsageNanoseconds: cpu,
        memoryWorkingSetBytes: 50,
        writableLayerBytes: 7,
      })),
    },
    { name: 'empty', namespace: 'd', uid: 'e', startTime: undefined, containers: [] },
  ],
});

describe('summarise', () => {
  it('gives totals, and rates against the sample before', () => {
    const summary = summarise(sample(11_000, 3e9), sample(1_000, 1e9));
    expect(summary).toMatchObject({
      node: {
        nodeName: 'n1',
        cpu: { usageNanoCores: 800_000_000 },
        memory: { workingSetBytes: 900, availableBytes: 100 },
      },
      pods: [
        {
          podRef: { name: 'p"1', namespace: 'd', uid: 'u' },
          cpu: { usageCoreNanoSeconds: 6e9, usageNanoCores: 400_000_000 },
          memory: { workingSetBytes: 100 },
          containers: [{ name: 'a', cpu: { usageNanoCores: 200_000_000 }, rootfs: { usedBytes: 7 } }, { name: 'b' }],
        },
        { podRef: { name: 'empty' }, containers: [] },
      ],
    });
  });

  it('gives no rate without a sample before, or when the counter began anew', () => {
    expect(JSON.stringify(summarise(sample(1, 1), undefined))).not.toContain('usageNanoCores');
    expect(JSON.stringify(summarise(sample(11_000, 1), sample(1_000, 2)))).not.toContain('usageNanoCores');
  });
});

describe('resourceMetrics', () => {
  it('are in the form that metrics-server reads, with names quoted', () => {
    const text = resourceMetrics(sample(5_000, 2e9));
    expect(text).toContain('container_cpu_usage_seconds_total{container="a",namespace="d",pod="p\\"1"} 2 5000\n');
    expect(text).toContain('pod_memory_working_set_bytes{namespace="d",pod="p\\"1"} 100 5000\n');
    expect(text).toContain('node_cpu_usage_seconds_total 8 5000\n');
    expect(text.match(/container_start_time_seconds\{/g)).toHaveLength(2);
  });
});
