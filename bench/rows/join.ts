import { eventually } from '#test/harness/eventually.ts';
import type { Machine } from '#test/harness/machines/machine.ts';
import { startMachines } from '#test/harness/machines/start.ts';
import type { RunResult } from '#test/harness/run.ts';
import { type Measurement, median, ms } from '../row.ts';

const runs = 5;

/** From typing the line of `berth token create` on a machine with everything installed to its end: the node is Ready. */
export const join: Measurement = {
  name: 'join',
  async run(report) {
    const machines = await startMachines({ count: 2, topology: 'link' });
    const [server, joiner] = [machines.machine(1), machines.machine(2)];
    try {
      await must(server.berth(['up', '--no-hello', '--node-name', 'm1']));
      const line = (await must(server.berth(['token', 'create']))).trim().split(' ').slice(1);
      const joins: number[] = [];
      const containerds: number[] = [];
      for (let index = 0; index < runs; index++) {
        const containerdMs = await bareContainerd(joiner);
        const beginMs = performance.now();
        await must(joiner.berth([...line, '--node-name', 'm2']));
        const joinMs = performance.now() - beginMs;
        report(`join → Ready ${ms(joinMs)}, containerd alone ${ms(containerdMs)}`);
        joins.push(joinMs);
        containerds.push(containerdMs);
        await must(joiner.berth(['leave']));
      }
      const [joinMs, containerdMs] = [median(joins), median(containerds)];
      return [
        {
          what: 'berth join → node Ready',
          ours: ms(joinMs),
          limit: `containerd alone ${ms(containerdMs)}`,
          ratio: `${(joinMs / containerdMs).toFixed(1)} ×`,
          goal: '≤ 3000 ms',
          met: joinMs <= 3000,
        },
      ];
    } finally {
      for (const machine of [joiner, server]) await machine.berth(['down', '--purge']);
      await machines.destroy();
    }
  },
};

async function must(result: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout;
}

/** The physical limit: how long containerd by itself takes from its start to its first answer. */
async function bareContainerd(machine: Machine): Promise<number> {
  const folder = `${machine.home}/bare`;
  const socket = `${folder}/containerd.sock`;
  const beginMs = performance.now();
  const containerd = machine.start('containerd', ['--root', `${folder}/root`, '--state', folder, '--address', socket]);
  await eventually(
    async () => (await machine.run('ctr', ['--address', socket, '--connect-timeout', '50ms', 'version'])).code === 0,
    { everyMs: 5 },
  );
  const tookMs = performance.now() - beginMs;
  await containerd.stop();
  await machine.mustRun('rm', ['-rf', folder]);
  return tookMs;
}
