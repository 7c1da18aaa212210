import { startCluster } from '#test/harness/cluster.ts';
import { bareNode, cpuSeconds, residentMiB } from '../process-usage.ts';
import type { Measurement } from '../row.ts';

const settleMs = 30_000;
const sampleMs = 10_000;
/** What the all-in-one process takes when nothing happens, with hello.yaml running, beside a bare Node HTTP server. */
export const idle: Measurement = {
  name: 'idle',
  async run(report) {
    const cluster = await startCluster({ hello: true, podSubnet: 203 });
    try {
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const pid = cluster.pid('server');
      const before = cpuSeconds(pid);
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
      const cpu = (cpuSeconds(pid) - before) / (sampleMs / 1000);
      const ours = residentMiB(pid);
      const bare = await bareNode();
      report(`Berth ${ours.toFixed(0)} MiB, ${(cpu * 100).toFixed(1)}% of a core; bare Node ${bare.toFixed(0)} MiB`);
      return [
        {
          what: 'idle memory, all in one',
          ours: `${ours.toFixed(0)} MiB`,
          limit: `bare Node HTTP ${bare.toFixed(0)} MiB`,
          ratio: `${(ours / bare).toFixed(1)} ×`,
          goal: '≤ 150 MB',
          met: ours * 1.048576 <= 150,
        },
        {
          what: 'idle CPU, all in one',
          ours: `${(cpu * 100).toFixed(1)}% of a core`,
          limit: '0%',
          ratio: '',
          goal: '≤ 3%',
          met: cpu <= 0.03,
        },
      ];
    } finally {
      await cluster.destroy();
    }
  },
};
