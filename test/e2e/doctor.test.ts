import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PathFact } from '#host/doctor/facts.ts';
import type { Finding } from '#host/doctor/finding.ts';
import { eventually } from '../harness/eventually.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type Machines, startMachines } from '../harness/machines/start.ts';

let machines: Machines;
let first: Machine;
let second: Machine;

beforeAll(async () => {
  machines = await startMachines({ count: 2, topology: 'link' });
  [first, second] = [machines.machine(1), machines.machine(2)];
});
afterAll(() => machines?.destroy());

async function findings(machine: Machine, check: string): Promise<readonly Finding[]> {
  const { stdout } = await machine.berth(['doctor', '-o', 'json']);
  const found: { findings: Finding[] } = JSON.parse(stdout);
  return found.findings.filter((one) => one.check === check);
}
const shell = (machine: Machine, script: string) => machine.mustRun('sh', ['-ec', script]);

describe('a firewall', () => {
  it('is nothing to speak of where there is none', async () => {
    expect(await findings(first, 'firewall')).toEqual([]);
  });

  it("of Docker, which drops what is forwarded, is found, and mended by the doctor's own command", async () => {
    await shell(
      first,
      `iptables -P FORWARD DROP
       iptables -N DOCKER-USER
       iptables -A DOCKER-USER -j RETURN
       iptables -A FORWARD -j DOCKER-USER
       iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
       iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT`,
    );
    const found = await findings(first, 'firewall');
    expect(found.map(({ severity }) => severity)).toEqual(['error', 'error']);
    expect(found[0]?.problem).toContain('from pods here to pods elsewhere is blocked by the policy of chain FORWARD');
    const { code, stdout } = await first.berth(['doctor']);
    expect(code).toBe(1);
    expect(stdout).toContain('ERROR    firewall: traffic from pods here');
    await shell(first, found[0]?.fix ?? 'false');
    expect(await findings(first, 'firewall')).toEqual([]);
    await shell(first, 'iptables -P FORWARD ACCEPT; iptables -F; iptables -X');
  });

  it('of nftables that lets in SSH only is found for each port, and mended', async () => {
    await shell(
      first,
      `nft add table inet strict
       nft add chain inet strict in '{ type filter hook input priority 0; policy drop; }'
       nft add rule inet strict in ct state established,related accept
       nft add rule inet strict in iifname lo accept
       nft add rule inet strict in tcp dport '{ 22, 80-90 }' accept`,
    );
    const found = await findings(first, 'firewall');
    expect(found.map(({ problem }) => problem.replace(/ is blocked.*/, ''))).toEqual([
      'the API server (tcp port 6443) from other machines',
      'the node agent (tcp port 10250) from other machines',
      'the cluster DNS (udp port 53) for pods',
      'VXLAN (udp port 4789) from other machines',
    ]);
    for (const { fix } of found) await shell(first, fix);
    expect(await findings(first, 'firewall')).toEqual([]);
    await shell(first, 'nft delete table inet strict');
  });
});

it('a port that is taken is named with who has it', async () => {
  const listening = 'require("node:net").createServer().listen(10250, () => console.log("listening"))';
  const listener = first.start(process.execPath, ['-e', listening]);
  try {
    await eventually(() => listener.output().includes('listening'));
    expect(await findings(first, 'ports')).toEqual([
      expect.objectContaining({
        severity: 'error',
        problem: expect.stringMatching(/^port 10250 \(node agent\) is in use by \S+ \(pid \d+\)$/),
      }),
    ]);
  } finally {
    await listener.stop();
  }
});

it('measures the largest packet that reaches another machine', async () => {
  const module = join(import.meta.dirname, '../../host/doctor/gather-network.ts');
  const measure = async (): Promise<PathFact> => {
    const script = `const { gatherPaths } = await import(${JSON.stringify(module)});
      console.log(JSON.stringify(await gatherPaths([{ name: 'm2', address: ${JSON.stringify(second.address)} }])));`;
    const [path] = JSON.parse(await first.mustRun(process.execPath, ['--input-type=module', '-e', script]));
    return path;
  };
  expect(await measure()).toMatchObject({ node: 'm2', device: 'eth0', linkMtu: 1500, pathMtu: 1500 });
  // A path that swallows what is too large, without a word.
  await shell(
    second,
    `nft add table inet narrow
     nft add chain inet narrow in '{ type filter hook input priority -400; }'
     nft add rule inet narrow in ip length '>' 1400 drop`,
  );
  expect(await measure()).toMatchObject({ linkMtu: 1500, pathMtu: 1400 });
  await shell(second, 'nft delete table inet narrow');
});
