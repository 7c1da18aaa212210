import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { type MachineCluster, startMachineCluster } from '../harness/machines/cluster.ts';
import type { Machine } from '../harness/machines/machine.ts';

/** Answers with its own name and with who asks. It does not listen to SIGTERM: `berth down` has to kill it in the end. */
const podOn = (machine: Machine): string => `
apiVersion: v1
kind: Pod
metadata: { name: on-${machine.name} }
spec:
  nodeName: ${machine.name}
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: berth.local/busybox:1
      command: [nc, -ll, -p, '8080', -e, sh, -c, 'echo ${machine.name} to $NCAT_REMOTE_ADDR; netstat -tn | grep :8080']
`;

describe('pods of a cluster of three machines, the last on another link', () => {
  let cluster: MachineCluster;
  const name = (machine: Machine): string => `on-${machine.name}`;
  const addressOf = (machine: Machine): Promise<string> =>
    cluster.k('get', 'pod', name(machine), '-o', 'jsonpath={.status.podIP}');
  const ask = async (from: Machine, to: Machine): Promise<string> => {
    const command = ['sh', '-c', `nc -w 2 ${await addressOf(to)} 8080 </dev/null`];
    return (await cluster.machine(1).kubectl(['exec', name(from), '--', ...command])).stdout;
  };
  const allReach = async (): Promise<void> => {
    for (const from of cluster.machines) {
      for (const to of cluster.machines) {
        if (from === to) continue;
        const source = await addressOf(from);
        await eventually(
          async () => {
            const said = await ask(from, to);
            expect(said).toContain(`${to.name} to`);
            expect(said).toContain(`${source}:`);
          },
          { everyMs: 250 },
        );
      }
    }
  };
  const whenReady = (...machines: readonly Machine[]): Promise<string> =>
    cluster.k('wait', '--for=condition=Ready', '--timeout=60s', ...machines.map((one) => `pod/${name(one)}`));

  beforeAll(async () => {
    cluster = await startMachineCluster({ count: 3, topology: 'mixed' });
    await cluster.apply(cluster.machines.map(podOn).join('---'));
    await whenReady(...cluster.machines);
  });
  afterAll(() => cluster?.destroy());

  it('reach each other, and see who asks', allReach);

  it('are back on the network after somebody deleted their bridge', async () => {
    const three = cluster.machine(3);
    await three.mustRun('ip', ['link', 'delete', three.layout.bridge]);
    await allReach();
  });

  it('are reached where their machine has another address now', async () => {
    const two = cluster.machine(2);
    await two.setAddress('10.98.0.77');
    await eventually(
      async () => expect(await cluster.k('get', 'node', two.name, '-o', 'wide')).toContain('10.98.0.77'),
      {
        withinMs: 60_000,
      },
    );
    await allReach();
  });

  it('run again, and reach each other, after a machine went down and came back', async () => {
    const two = cluster.machine(2);
    await two.powerOff();
    await two.powerOn();
    expect((await two.berth(['up'])).stdout).toContain('m2 is Ready');
    await eventually(async () => expect(await cluster.k('get', 'pod', name(two))).toMatch(/ 1 /), { withinMs: 60_000 });
    await whenReady(two);
    await allReach();
  });

  it('leave nothing of the network behind where a machine is purged', async () => {
    const three = cluster.machine(3);
    const before = (await three.mustRun('ip', ['-4', 'route', 'show'])).split('\n').length;
    expect(before).toBeGreaterThan(3);
    const purged = await three.berth(['down', '--purge'], { timeoutMs: 60_000 });
    expect(purged.code, purged.stderr).toBe(0);
    expect((await three.mustRun('ip', ['-4', 'route', 'show'])).trim().split('\n')).toHaveLength(2);
    const links = await three.mustRun('ip', ['-br', 'link']);
    expect(
      links
        .trim()
        .split('\n')
        .map((line) => line.split(/[@ ]/)[0]),
    ).toEqual(['lo', 'eth0']);
  });
});
