import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import type { Machine } from '../harness/machines/machine.ts';
import { type Machines, startMachines } from '../harness/machines/start.ts';
import { machineTraces } from '../harness/machines/traces.ts';
import type { RunResult } from '../harness/run.ts';

const berth = join(import.meta.dirname, '../../bin/berth');
const slow = { timeoutMs: 180_000 };

let machines: Machines;
let server: Machine;
let second: Machine;
let third: Machine;
/** `10.98.0.11:6443`, `--token`, the token. */
let line: readonly string[];

beforeAll(async () => {
  machines = await startMachines({ count: 3, topology: 'link' });
  [server, second, third] = [machines.machine(1), machines.machine(2), machines.machine(3)];
  await must(server.berth(['up', '--no-hello', '--node-name', 'm1'], slow));
  line = await newLine();
});
afterAll(async () => {
  for (const machine of [third, second, server]) await machine?.berth(['down', '--purge'], slow);
  await machines?.destroy();
});

async function must(result: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout;
}
async function newLine(...flags: readonly string[]): Promise<string[]> {
  const printed = await must(server.berth(['token', 'create', ...flags]));
  return printed.trim().split(' ').slice(2);
}
const joinAs = (machine: Machine, name: string, ...more: readonly string[]) =>
  machine.berth(['join', ...line, '--node-name', name, ...more], slow);
const nodeNames = async (): Promise<string[]> =>
  (await server.k('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ').sort();
const readyOf = (name: string): Promise<string> =>
  server.k('get', 'node', name, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
const isReady = (name: string) =>
  eventually(async () => expect(await readyOf(name)).toBe('True'), { withinMs: 60_000 });
const pidOf = (machine: Machine, name: string): number =>
  Number(readFileSync(join(machine.layout.runDir, `${name}.pid`), 'utf8'));

describe('a machine that cannot join', () => {
  const wrongSecret = (): string[] => replaced((token) => token.replace(/\.[^.]+\./, '.aaaaaaaaaaaaaaaa.'));
  const wrongHash = (): string[] => replaced((token) => token.replace(/[^.]+$/, 'ab'.repeat(32)));
  const replaced = (change: (token: string) => string): string[] => [line[0] ?? '', '--token', change(line[2] ?? '')];
  const at = (port: number): string[] => [`${server.address}:${port}`, ...line.slice(1)];

  it.each<[string, () => string[], string[]]>([
    ['a wrong token', wrongSecret, ['does not take the token', 'berth token create']],
    ['a wrong hash', wrongHash, ['is not the server that this token is of', 'Nothing was sent to it']],
    ['text that is no token', () => [line[0] ?? '', '--token', 'abc'], ['this is not a join token']],
    ["the agent's port", () => at(10_250), ['is not a Berth server', 'berth status']],
    ['a port where nothing listens', () => at(9), ['nothing listens at', 'berth status']],
    ['an address that nobody has', () => ['10.99.0.1:6443', ...line.slice(1)], ['10.99.0.1']],
    ['a name that the server has', () => [...line, '--node-name', 'm1'], ['refused a certificate', '--node-name']],
    ['a name that no node may have', () => [...line, '--node-name', 'No_Name'], ['cannot be the name of a node']],
    [
      "another node's address",
      () => [...line, '--node-name', 'm2', '--node-address', server.address],
      ['node m1 has the address 10.98.0.11 already', '--node-address'],
    ],
  ])('because of %s is told so, and is left as it was', async (_, args, words) => {
    const before = await machineTraces(second);
    const result = await second.berth(['join', ...args()], slow);
    expect(result.code, result.stdout + result.stderr).not.toBe(0);
    for (const word of words) expect(result.stderr).toContain(word);
    expect(result.stderr).not.toContain('bug in Berth');
    expect(await machineTraces(second)).toEqual(before);
    expect(await nodeNames()).toEqual(['m1']);
  });

  it('because its token was revoked', async () => {
    const ended = await newLine();
    await must(server.berth(['token', 'revoke', (ended[2] ?? '').split('.')[0] ?? '']));
    const result = await second.berth(['join', ...ended, '--node-name', 'm2'], slow);
    expect(result.stderr).toContain('has ended, or was revoked');
    expect(result.code).toBe(1);
  });

  it('because its token has ended', async () => {
    const ended = await newLine('--ttl', '1s');
    await eventually(async () => {
      const result = await second.berth(['join', ...ended, '--node-name', 'm1'], slow);
      expect(result.stderr).toContain('has ended');
    });
  });

  it('because the server is out of reach', async () => {
    await machines.cut(second);
    // As on a machine that never spoke to it: else the kernel takes 10 s to find that nobody is there.
    await second.mustRun('ip', ['neighbour', 'flush', 'all']);
    const result = await second.berth(['join', ...line, '--node-name', 'm2'], slow);
    await machines.heal();
    expect(result.stderr).toMatch(/does not answer|there is no route/);
    expect(readdirSync(second.home)).toEqual([]);
  });

  it('because it lacks something', async () => {
    const listen = 'require("node:net").createServer().listen(10250, "0.0.0.0", () => console.log("taken"))';
    const holder = second.start(process.execPath, ['-e', listen]);
    await eventually(() => holder.output().includes('taken'));
    const result = await joinAs(second, 'm2');
    await holder.stop();
    expect(result.stderr).toContain('port 10250');
    expect(result.stderr).toContain('--agent-port');
    expect(result.code).toBe(1);
    expect(readdirSync(second.home)).toEqual([]);
  });

  it('because it is the server itself', async () => {
    const result = await server.berth(['join', ...line]);
    expect(result.stderr).toContain('this machine is the server of a cluster');
    expect(await readyOf('m1')).toBe('True');
  });

  it('and is stopped half-way leaves nothing here nor there', async () => {
    const before = await machineTraces(second);
    const TMPDIR = mkdtempSync(join(tmpdir(), 'berth-join-test-'));
    const env = { BERTH_HOME: second.home, TMPDIR };
    const joining = second.start(berth, ['join', ...line, '--node-name', 'm2'], { env });
    await eventually(() => existsSync(join(second.layout.runDir, 'containerd.pid')), { everyMs: 5 });
    joining.signal('SIGTERM');
    await joining.ended;
    expect(joining.output()).toContain('all that join made here');
    const [logs = ''] = readdirSync(TMPDIR);
    expect(readdirSync(join(TMPDIR, logs))).toContain('containerd.log');
    rmSync(TMPDIR, { recursive: true });
    expect(await machineTraces(second)).toEqual(before);
    expect(await nodeNames()).toEqual(['m1']);
  });
});

describe('a machine that joins', () => {
  it('is Ready, with its own part of the pod network', async () => {
    const printed = await must(joinAs(second, 'm2'));
    expect(printed).toContain('m2 is Ready');
    expect(await readyOf('m2')).toBe('True');
    const cidrs = await server.k('get', 'nodes', '-o', 'jsonpath={.items[*].spec.podCIDR}');
    expect(new Set(cidrs.split(' ')).size).toBe(2);
    const status: unknown = JSON.parse(await must(second.berth(['status', '-o', 'json'])));
    expect(status).toMatchObject({ settings: { role: 'agent', servers: [`https://${server.address}:6443`] } });
    expect(await must(server.berth(['node', 'ls']))).toMatch(/m2 +Ready +10\.98\.0\.12/);
  });

  it('runs pods, which the server reaches through its agent', async () => {
    // It stays on a machine that is away for a while.
    const tolerations = [{ operator: 'Exists' }];
    const spec = { nodeName: 'm2', terminationGracePeriodSeconds: 1, tolerations };
    const overrides = JSON.stringify({ apiVersion: 'v1', spec });
    await server.k('run', 'here', '--image=berth.local/hello:1', `--overrides=${overrides}`);
    await server.k('wait', '--for=condition=Ready', 'pod/here', '--timeout=60s');
    expect(await server.k('exec', 'here', '--', 'echo', 'from m2')).toBe('from m2\n');
  });

  it('may join again: it repairs, also when its certificates are lost and its token has ended before', async () => {
    const ended = await newLine();
    await must(server.berth(['token', 'revoke', (ended[2] ?? '').split('.')[0] ?? '']));
    expect(await must(second.berth(['join', ...ended], slow))).toContain('as before');
    await second.mustRun('rm', [join(second.layout.pkiDir, 'agent-client.key')]);
    expect((await second.berth(['join', ...ended], slow)).stderr).toContain('does not take the token');
    expect(await must(second.berth(['join', ...line], slow))).toContain('m2 is Ready');
    await server.k('wait', '--for=condition=Ready', 'pod/here', '--timeout=60s');
    expect(await server.k('exec', 'here', '--', 'echo', 'still')).toBe('still\n');
  });

  it('refuses another name, and another role', async () => {
    expect((await joinAs(second, 'other')).stderr).toContain('in the cluster already, as node m2');
    expect((await second.berth(['up', '--pod-cidr', '10.50.0.0/16'])).stderr).toContain('--pod-cidr is for the server');
    expect((await second.berth(['server'])).stderr).toContain('this machine joined a cluster as node m2');
    const nobody = { env: { HOME: second.home } };
    expect((await second.berth(['get', 'pods'], nobody)).stderr).toContain('Run it on the server');
  });

  it('starts its agent while the server is away, and connects when it comes', async () => {
    await must(server.berth(['down'], slow));
    await must(second.berth(['down'], slow));
    expect(await must(second.berth(['up'], slow))).toContain('does not answer now; the agent connects when it does');
    await must(server.berth(['up', '--no-hello'], slow));
    await isReady('m2');
    await server.k('wait', '--for=condition=Ready', 'pod/here', '--timeout=90s');
  });

  it('keeps its containers when its agent is killed', async () => {
    // Of the container itself: what the API says of it may be a moment old.
    const container = () => server.k('exec', 'here', '--', 'readlink', '/proc/1/ns/mnt');
    const before = await eventually(container);
    const agent = pidOf(second, 'agent');
    process.kill(agent, 'SIGKILL');
    await eventually(() => expect(pidOf(second, 'agent')).not.toBe(agent));
    await isReady('m2');
    // The node was Ready all the time; its new agent has to find its pods first.
    expect(await eventually(container)).toBe(before);
  });

  it('takes another address by itself, with a certificate for it', async () => {
    await second.setAddress('10.98.0.77');
    await eventually(
      async () => {
        const path = 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}';
        expect(await server.k('get', 'node', 'm2', '-o', path)).toBe('10.98.0.77');
      },
      { withinMs: 60_000 },
    );
    await eventually(async () => expect(await server.k('exec', 'here', '--', 'echo', 'moved')).toBe('moved\n'), {
      withinMs: 60_000,
    });
  });
});

describe('a machine that goes', () => {
  it('does not leave while the server is away, unless forced', async () => {
    await machines.cut(second);
    await second.mustRun('ip', ['neighbour', 'flush', 'all']);
    const refused = await second.berth(['leave'], slow);
    await machines.heal();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('berth leave --force');
    await isReady('m2');
  });

  it('moves its pods first, and says what is in the way', async () => {
    const refused = await second.berth(['leave'], slow);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('default/here');
    expect(refused.stderr).toContain('berth uncordon m2');
    await server.k('delete', 'pod', 'here');
    await server.k('create', 'deployment', 'web', '--image=berth.local/hello:1', '--replicas=2');
    await server.k('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
  });

  it('leaves no trace, here nor there', async () => {
    await must(joinAs(third, 'm3'));
    await server.k('uncordon', 'm2');
    await must(second.berth(['leave'], slow));
    const { files, processes, links, tables, cgroups, mounts } = await machineTraces(second);
    expect({ files, processes, links, tables, cgroups, mounts }).toEqual({
      files: [],
      processes: [],
      links: ['lo', 'eth0'],
      tables: '',
      cgroups: [],
      mounts: [],
    });
    expect(await nodeNames()).toEqual(['m1', 'm3']);
    expect(await server.k('-n', 'kube-node-lease', 'get', 'leases', '-o', 'name')).not.toContain('/m2');
    await server.k('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
    expect(await must(second.berth(['leave']))).toContain('in no cluster');
  });

  it('is removed from the server, refused from then on, and may join anew', async () => {
    expect((await server.berth(['node', 'remove', 'm1'])).stderr).toContain('m1 is the server of the cluster');
    expect((await server.berth(['node', 'remove', 'm9'])).stderr).toContain('There are: m1, m3');
    const printed = await must(server.berth(['node', 'remove', 'm3'], slow));
    expect(printed).toContain('berth down --purge');
    expect(await nodeNames()).toEqual(['m1']);
    // Its agent still runs, and may register nothing.
    const log = () => readFileSync(join(third.layout.logDir, 'agent.log'), 'utf8');
    await eventually(() => expect(log()).toContain('this node was removed from the cluster'));
    await eventually(() => expect(log()).toContain('the server refuses this machine'));
    expect(await nodeNames()).toEqual(['m1']);
    expect(await server.k('get', 'csr', '-o', 'jsonpath={.items[*].spec.username}')).not.toContain('system:node:m3');
    expect(await must(third.berth(['join', ...line], slow))).toContain('m3 is Ready');
  });

  it('follows its server to another address by joining again', async () => {
    await server.setAddress('10.98.0.66');
    const moved = await eventually(
      async () => {
        const printed = await newLine();
        expect(printed[0]).toBe('10.98.0.66:6443');
        return printed;
      },
      { withinMs: 60_000 },
    );
    expect(await must(third.berth(['join', ...moved], slow))).toContain('as before');
    await isReady('m3');
    await eventually(async () => expect(await must(server.berth(['node', 'ls']))).toMatch(/m1 +Ready +10\.98\.0\.66/));
  });

  it('is dead and removed without its word', async () => {
    await third.powerOff();
    await eventually(async () => expect(await readyOf('m3')).toBe('Unknown'), { withinMs: 30_000 });
    expect(await must(server.berth(['node', 'remove', 'm3'], slow))).toContain('m3 is deleted');
    expect(await nodeNames()).toEqual(['m1']);
    await third.powerOn();
    expect(await must(third.berth(['leave', '--force'], slow))).toContain('has left the cluster');
    expect((await machineTraces(third)).files).toEqual([]);
  });
});
