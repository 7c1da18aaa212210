import { createRealClock } from '#base/real/clock.ts';
import { processStates } from '#host/cluster.ts';
import type { ProcessName } from '#host/processes/keeper.ts';
import { eventually } from '#test/harness/eventually.ts';
import { startMachineCluster } from '#test/harness/machines/cluster.ts';
import type { Machine } from '#test/harness/machines/machine.ts';
import { bareNode, cpuSeconds, residentMiB } from '../process-usage.ts';
import type { Measurement } from '../row.ts';

const settleMs = 45_000;
const sampleMs = 30_000;
const replicas = 9;

/** What the agent of a machine that joined takes when nothing happens: three machines, some pods and a service over them. */
export const agent: Measurement = {
  name: 'agent',
  async run(report) {
    const cluster = await startMachineCluster({ count: 3, topology: 'link' });
    try {
      await cluster.apply(workload);
      const running = ['get', 'pods', '--field-selector=status.phase=Running', '-o', 'name'];
      await eventually(async () => (await cluster.k(...running)).trim().split('\n').length === replicas, {
        withinMs: 180_000,
        everyMs: 1_000,
      });
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const machine = cluster.machine(2);
      const [pid, fence] = [pidOf(machine, 'agent'), pidOf(machine, 'fence')];
      // The programs that they start to look at the network, or to wait, are theirs too.
      const used = (): [number, number] => [cpuSeconds(pid, { children: true }), cpuSeconds(fence, { children: true })];
      const before = used();
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
      const after = used();
      const share = (index: 0 | 1): number => (after[index] - before[index]) / (sampleMs / 1000);
      const [cpu, fenceCpu] = [share(0), share(1)];
      const ours = residentMiB(pid);
      const bare = await bareNode();
      report(
        `agent ${ours.toFixed(0)} MiB, ${residentMiB(pid, 'RssFile').toFixed(0)} of it pages of Node's program, ${asPercent(cpu)}; watchdog ${asPercent(fenceCpu)}; bare Node ${bare.toFixed(0)} MiB`,
      );
      return [
        {
          what: 'idle memory, agent of a joined machine',
          ours: `${ours.toFixed(0)} MiB`,
          limit: `bare Node HTTP ${bare.toFixed(0)} MiB`,
          ratio: `${(ours / bare).toFixed(1)} ×`,
          goal: '≤ 90 MB',
          met: ours * 1.048576 <= 90,
        },
        {
          what: 'idle CPU, agent of a joined machine',
          ours: `${asPercent(cpu)} of a core`,
          limit: '0%',
          ratio: `watchdog ${asPercent(fenceCpu)}`,
          goal: '≤ 2%',
          met: cpu + fenceCpu <= 0.02,
        },
      ];
    } finally {
      for (const machine of [...cluster.machines].reverse()) await machine.berth(['down', '--purge']);
      await cluster.destroy();
    }
  },
};

const asPercent = (share: number): string => `${(share * 100).toFixed(1)}%`;

function pidOf({ name, layout }: Machine, process: ProcessName): number {
  const pid = processStates(layout, createRealClock(), [process])[0]?.pid;
  if (pid === undefined) throw new Error(`${process} does not run on ${name}`);
  return pid;
}

const workload = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: berth.local/hello:1
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`;
