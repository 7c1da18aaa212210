import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { namespacesOf } from '../harness/machines/names.ts';
import { sweepAbandonedMachines } from '../harness/machines/remove.ts';
import { type Machines, startMachines } from '../harness/machines/start.ts';
import { run } from '../harness/run.ts';

/** How many of `count` pings were answered. */
async function pings(from: Machine, address: string, count = 1): Promise<number> {
  const { stdout } = await from.run('busybox', ['ping', '-i', '0.01', '-c', `${count}`, '-W', '1', address]);
  return Number(/(\d+) packets received/.exec(stdout)?.[1] ?? 0);
}

/** Where somebody did not answer for an address, the kernel asks for it again only after a while. */
const reaches = (from: Machine, address: string): Promise<void> =>
  eventually(async () => expect(await pings(from, address)).toBe(1));
const silent = async (from: Machine, to: Machine): Promise<void> => expect(await pings(from, to.address)).toBe(0);

describe.each(['link', 'routed', 'mixed'] as const)('machines with the topology %s', (topology) => {
  let machines: Machines;
  let a: Machine;
  let b: Machine;
  let c: Machine;
  beforeAll(async () => {
    machines = await startMachines({ count: 3, topology });
    [a, b, c] = [machines.machine(1), machines.machine(2), machines.machine(3)];
  });
  afterAll(() => machines?.destroy());

  it('reach each other, by whatever address they have', async () => {
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      await reaches(from, to.address);
    }
    const old = b.address;
    const moved = old.replace(/\d+$/, '99');
    await b.setAddress(moved);
    await reaches(a, moved);
    expect(await pings(a, old)).toBe(0);
    await b.setAddress(old);
  });

  it('are cut off, from all or from one, and healed', async () => {
    await machines.cut(a);
    await Promise.all([silent(a, b), silent(c, a), reaches(b, c.address)]);
    await machines.heal();
    await machines.cut(a, b);
    await Promise.all([silent(a, b), silent(b, a), reaches(a, c.address)]);
    await machines.heal(b);
    await reaches(a, b.address);
  });

  it('are cut off two at once', async () => {
    await Promise.all([machines.cut(a), machines.cut(c)]);
    await Promise.all([silent(a, b), silent(b, c)]);
    await machines.heal();
    await reaches(b, c.address);
  });
});

describe('a machine', () => {
  let machines: Machines;
  let a: Machine;
  let b: Machine;
  beforeAll(async () => {
    machines = await startMachines({ count: 2, topology: 'link' });
    [a, b] = [machines.machine(1), machines.machine(2)];
  });
  afterAll(() => machines?.destroy());

  it('loses packets by chance', async () => {
    await machines.loss(b, 30);
    // Both ways: about half are answered. Twenty deviations off would be wrong.
    const answered = await pings(a, b.address, 200);
    expect(answered).toBeGreaterThan(40);
    expect(answered).toBeLessThan(160);
    await machines.heal();
    await reaches(a, b.address);
    expect(await pings(a, b.address, 50)).toBe(50);
  });

  it('gets packets late', async () => {
    const roundTrip = async (): Promise<number> => {
      const { stdout } = await a.run('busybox', ['ping', '-c', '3', '-i', '0.1', '-W', '2', b.address]);
      return Number(/min\/avg\/max = ([\d.]+)/.exec(stdout)?.[1]);
    };
    await machines.delay(b, 60);
    await reaches(a, b.address);
    await eventually(async () => {
      const late = await roundTrip();
      expect(late).toBeGreaterThan(59);
      expect(late).toBeLessThan(200);
    });
    await machines.heal(b);
    await eventually(async () => expect(await roundTrip()).toBeLessThan(40));
  });

  it('loses all that runs when it is powered off, and comes back as the same', async () => {
    const { pid } = b.start('sleep', ['1000']);
    await b.mustRun('ip', ['link', 'add', 'left', 'type', 'bridge']);
    await b.powerOff();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await pings(a, b.address)).toBe(0);
    await b.powerOn();
    await reaches(a, b.address);
    expect((await b.run('ip', ['link', 'show', 'left'])).code).not.toBe(0);
  });

  it("is reached from the test's own process through a forwarded port", async () => {
    b.start('busybox', ['nc', '-ll', '-p', '8080', '-e', 'echo', 'hello']);
    const port = await b.forward(8080);
    await eventually(async () => {
      const socket = connect(port, '127.0.0.1');
      const [data] = await once(socket, 'data', { signal: AbortSignal.timeout(1_000) });
      socket.destroy();
      expect(`${data}`).toContain('hello');
    });
  });
});

it('are swept after their run was killed, and not before', async () => {
  const start = join(import.meta.dirname, '../harness/machines/start.ts');
  const script = `
    const { startMachines } = await import(${JSON.stringify(start)});
    const { machines } = await startMachines({ count: 2, topology: 'link' });
    machines[0].start('sleep', ['1000']);
    await machines[1].mustRun('mount', ['--mkdir', '-t', 'tmpfs', 'left', machines[1].layout.agentDir]);
    console.log(machines[0].home);
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [home] = await once(child.stdout, 'data');
  const folder = join(`${home}`.trim(), '..');
  const namespaces = (): string[] => {
    const pattern = namespacesOf(basename(folder).replace('berth-mach-', ''));
    return readdirSync('/run/netns').filter((name) => pattern.test(name));
  };
  await sweepAbandonedMachines();
  expect(namespaces()).toHaveLength(3);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await sweepAbandonedMachines();
  expect(existsSync(folder)).toBe(false);
  expect(namespaces()).toEqual([]);
  expect((await run('grep', ['-c', folder, '/proc/self/mountinfo'])).stdout.trim()).toBe('0');
});
