import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '#host/doctor/finding.ts';
import { buildImageArchive, busyboxFiles } from '#host/images/build.ts';
import { eventually } from '../harness/eventually.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type Machines, startMachines } from '../harness/machines/start.ts';

let machines: Machines;
let server: Machine;
let second: Machine;
const slow = { timeoutMs: 180_000 };

beforeAll(async () => {
  machines = await startMachines({ count: 2, topology: 'link' });
  [server, second] = [machines.machine(1), machines.machine(2)];
  await must(server, 'up', '--no-hello', '--node-name', 'm1');
  const line = (await must(server, 'token', 'create')).trim().split(' ').slice(2);
  await must(second, 'join', ...line, '--node-name', 'm2');
});
afterAll(async () => {
  for (const machine of [second, server]) await machine?.berth(['down', '--purge'], slow);
  await machines?.destroy();
});

async function must(machine: Machine, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.berth(args, slow);
  if (code !== 0) throw new Error(`berth ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

it('puts an image on each machine, sending to each what it lacks', async () => {
  const file = join(server.home, 'tools.tar');
  const name = 'example.org/tools:1';
  writeFileSync(file, await buildImageArchive({ name, files: await busyboxFiles(), cmd: ['sleep', '1000'] }));
  expect(await must(server, 'image', 'load', file, '--node', 'm2')).toMatch(/m2 +loaded, sent \d/);
  const loaded = await must(server, 'image', 'load', file);
  expect(loaded).toMatch(/m1 +loaded, sent \d/);
  expect(loaded).toMatch(/m2 +had it already, sent 0 bytes/);
  expect(await must(server, 'image', 'ls')).toMatch(/example\.org\/tools:1 +[0-9a-f]{12} +\S+ MB +all 2\n/);

  const spec = { nodeName: 'm2', containers: [{ name: 'main', image: name, imagePullPolicy: 'Never' }] };
  const pod = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tools' }, spec });
  expect((await server.kubectl(['apply', '-f', '-'], { input: pod })).code).toBe(0);
  await server.k('wait', 'pod/tools', '--for=condition=Ready', '--timeout=60s');
  expect((await server.berth(['image', 'rm', name])).stderr).toContain(
    'm2: example.org/tools:1 is in use by pod default/tools',
  );
  await server.k('delete', 'pod', 'tools', '--grace-period=1');
});

it('leads the setting of registries to each machine', async () => {
  const example = join(import.meta.dirname, '../../manifests/registries.yaml');
  await must(server, 'apply', '-f', example);
  const written = (machine: Machine) => existsSync(join(machine.layout.registryDir, 'docker.io/hosts.toml'));
  await eventually(() => written(server) && written(second));
  await server.k('delete', 'secret', '-n', 'kube-system', 'berth-registries');
  await eventually(() => !written(server) && !written(second));
});

it('has nothing for the doctor to find but that both machines are one', async () => {
  for (const machine of [server, second]) {
    const { findings }: { findings: Finding[] } = JSON.parse((await machine.berth(['doctor', '-o', 'json'])).stdout);
    const ofCluster = findings.filter(({ check }) => !['names', 'disk', 'memory', 'clock', 'kernel'].includes(check));
    expect(ofCluster).toEqual([
      expect.objectContaining({
        check: 'duplicates',
        severity: 'warning',
        problem: expect.stringContaining('this very machine'),
      }),
    ]);
  }
});

it('finds a firewall between two machines from either side', async () => {
  await second.mustRun('sh', [
    '-ec',
    'nft add table inet wall; nft add chain inet wall in "{ type filter hook input priority 0; }"; nft add rule inet wall in tcp dport 10250 drop',
  ]);
  const found = async (machine: Machine): Promise<string> => (await machine.berth(['doctor'])).stdout;
  expect(await found(server)).toContain(`the agent of node m2 does not answer at ${second.address}:10250`);
  expect(await found(second)).toMatch(
    /the node agent \(tcp port 10250\) from other machines is blocked by the rule "in handle \d+"/,
  );
  await second.mustRun('nft', ['delete', 'table', 'inet', 'wall']);
});
