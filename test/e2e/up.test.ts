import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unitName } from '#host/processes/systemd/keeper.ts';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { freePorts } from '../harness/ports.ts';
import { run } from '../harness/run.ts';

const berth = join(import.meta.dirname, '../../bin/berth');

describe('berth up on a machine that will not do', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync('/var/tmp/berth-test-');
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const up = (flags: readonly string[], env: Record<string, string> = {}) =>
    run(berth, ['up', '--no-hello', ...flags], { env: { BERTH_HOME: join(home, 'berth'), ...env } });

  it('names the port that is taken and the flag that chooses another, and changes nothing', async () => {
    const first = await freePorts(4);
    const holder = createServer().listen(first);
    const result = await up([`--api-port=${first}`, `--agent-port=${first + 1}`, `--etcd-port=${first + 2}`]);
    holder.close();
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`port ${first} (API server) is in use`);
    expect(result.stderr).toContain('--api-port');
    expect(readdirSync(home)).toEqual([]);
  });

  it.each([
    [['--api-port=70000'], '--api-port must be a port number from 1 to 65534'],
    [['--api-port=x'], '--api-port must be a port number'],
    [['--nonsense'], 'unknown option'],
  ])('refuses %s', async (flags, message) => {
    const result = await up(flags);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(readdirSync(home)).toEqual([]);
  });

  it('refuses a relative BERTH_HOME', async () => {
    const result = await up([], { BERTH_HOME: 'here' });
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('BERTH_HOME must be an absolute path');
  });

  it('says that it needs root', async (context) => {
    const result = await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', berth, 'up'], {
      env: { BERTH_HOME: join(home, 'berth'), NODE_COMPILE_CACHE: '' },
    });
    if (/Permission denied|not found/.test(result.stderr))
      context.skip('the checkout cannot be read by another user here');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('not running as root');
    expect(result.stderr).toContain('nothing was changed');
  });
});

describe('a cluster that is up', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ podSubnet: 104 });
  });
  afterAll(() => cluster?.destroy());

  it('is shown by status, for people and for scripts', async () => {
    const text = await cluster.berth(['status']);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/etcd +running \(pid \d+\)/);
    const json = await cluster.berth(['status', '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      installed: true,
      processes: [{ name: 'etcd' }, { name: 'containerd' }, { name: 'fence' }, { name: 'server' }],
    });
  });

  it('is repaired by up when a process and its supervisor are gone', async () => {
    const supervisor = join(cluster.layout.runDir, 'server.supervisor.pid');
    if (existsSync(supervisor)) {
      process.kill(Number(readFileSync(supervisor, 'utf8')), 'SIGKILL');
      process.kill(cluster.pid('server'), 'SIGKILL');
    } else await run('systemctl', ['stop', unitName(cluster.layout, 'server')]);
    await eventually(async () => expect((await cluster.berth(['status'])).code).toBe(3));
    const again = await cluster.up();
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/server +started/);
    expect((await cluster.berth(['status'])).code).toBe(0);
  });

  it('refuses flags that contradict it', async () => {
    const result = await cluster.berth(['up', '--pod-cidr=10.99.0.0/24']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('this cluster was made with clusterCidr 10.42.104.0/24');
  });

  it('renews nothing and loses nothing when it is brought up again and again', async () => {
    const before = await cluster.k('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}');
    expect((await cluster.up()).stdout).toContain('up already');
    expect(await cluster.k('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}')).toBe(before);
  });

  it('says what is wrong with damaged settings, and is removed all the same', async () => {
    writeFileSync(cluster.layout.settingsFile, '{"nodeName": 5');
    const result = await cluster.berth(['up']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`${cluster.layout.settingsFile} cannot be used`);
    expect((await cluster.down('--purge')).code).toBe(0);
    expect(existsSync(cluster.layout.stateDir)).toBe(false);
    expect((await cluster.down()).stdout).toContain('there is nothing to do');
  });
});
