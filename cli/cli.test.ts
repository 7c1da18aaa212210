/** The command line as a user meets it, against a real API server in this process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';
import { commands } from './commands.ts';
import { createTestCli, type TestCli } from './testing/run-cli.ts';

let server: TestApiServer;
let cli: TestCli;

beforeAll(async () => {
  server = await startApiServer();
  const { ca, admin } = server.certs;
  cli = createTestCli({ url: server.url, ca: ca.cert, cert: admin.cert, key: admin.key });
});

afterAll(async () => {
  cli?.end();
  await server?.stop();
});

const configMap = (name: string, data: Record<string, string>, labels: Record<string, string> = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data });

const deployment = (name: string, image: string, replicas = 0): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { app: name } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
    },
  });

const dataOf = async (name: string): Promise<unknown> =>
  JSON.parse(await cli.ok(['get', 'configmap', name, '-o', 'jsonpath={.data}']));

test('node ls lists machines, for people and for programs', async () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'm1' },
    spec: { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'], unschedulable: true },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  };
  await cli.ok(['apply', '-f', '-'], JSON.stringify(node));
  expect(await cli.ok(['node', 'ls'])).toMatch(
    /\nm1 +Unknown,SchedulingDisabled +192\.0\.2\.1 +10\.42\.1\.0\/24 +0 +\d+s\n$/,
  );
  expect(JSON.parse(await cli.ok(['node', 'ls', '-o', 'json']))).toEqual([
    {
      name: 'm1',
      status: 'Unknown,SchedulingDisabled',
      address: '192.0.2.1',
      podNetwork: '10.42.1.0/24',
      pods: 0,
      created: expect.stringMatching(/Z$/),
    },
  ]);
});

describe('apply', () => {
  test('creates, leaves alone, changes, and removes what the manifest no longer has', async () => {
    const apply = (text: string): Promise<string> => cli.ok(['apply', '-f', '-'], text);
    expect(await apply(configMap('three', { a: '1', b: '2' }))).toBe('configmap/three created\n');
    expect(await apply(configMap('three', { a: '1', b: '2' }))).toBe('configmap/three unchanged\n');
    expect(await apply(configMap('three', { a: '1', b: '3' }))).toBe('configmap/three configured\n');
    expect(await dataOf('three')).toEqual({ a: '1', b: '3' });
    expect(await apply(configMap('three', { b: '3' }))).toBe('configmap/three configured\n');
    expect(await dataOf('three')).toEqual({ b: '3' });
  });

  test('keeps what somebody else has set', async () => {
    await cli.ok(['apply', '-f', '-'], configMap('shared', { ours: '1' }));
    await server.ask('PATCH', '/api/v1/namespaces/default/configmaps/shared', {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { theirs: '2' } },
    });
    await cli.ok(['apply', '-f', '-'], configMap('shared', { ours: '3' }));
    expect(await dataOf('shared')).toEqual({ ours: '3', theirs: '2' });
  });

  test('goes on after one that is refused, names its file, and ends with 1', async () => {
    const folder = join(cli.folder, 'mixed.json');
    const items = [JSON.parse(configMap('Not_A_Name', {})), JSON.parse(configMap('fine', {}))];
    writeFileSync(folder, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const result = await cli.run(['apply', '-f', 'mixed.json']);
    expect(result.code).toBe(1);
    expect(result.stdout).toBe('configmap/fine created\n');
    expect(result.stderr).toContain('mixed.json');
    expect(result.stderr).toContain('Not_A_Name');
  });

  test('with --dry-run=server changes nothing', async () => {
    expect(await cli.ok(['apply', '-f', '-', '--dry-run=server'], configMap('dry', {}))).toBe(
      'configmap/dry created (server dry run)\n',
    );
    expect((await cli.run(['get', 'configmap', 'dry'])).code).toBe(1);
  });

  test('without -f is wrong usage', async () => {
    const { code, stderr } = await cli.run(['apply']);
    expect(code).toBe(2);
    expect(stderr).toContain('must specify -f');
  });
});

describe('get', () => {
  beforeAll(async () => {
    for (const [name, size] of [
      ['s-10', '9'],
      ['s-9', '10'],
      ['s-1', '100'],
    ] as const) {
      await cli.ok(['apply', '-f', '-'], configMap(name, { size }, { group: 'sorted' }));
    }
  });

  test('has the columns of the server, also in an order of ours', async () => {
    const names = async (path: string): Promise<string[]> =>
      (await cli.ok(['get', 'cm', '-l', 'group=sorted', '--no-headers', `--sort-by=${path}`]))
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[0] ?? '');
    expect(await names('.metadata.name')).toEqual(['s-1', 's-9', 's-10']);
    expect(await names('{.data.size}')).toEqual(['s-10', 's-9', 's-1']);
    expect(await cli.ok(['get', 'cm', 's-1', '--sort-by=.metadata.name'])).toMatch(/^NAME +DATA +AGE\ns-1 +1 +/);
  });

  test.each([
    [['-o', 'name'], 'configmap/s-1\n'],
    [['-o=name'], 'configmap/s-1\n'],
    [['-o', 'jsonpath={.metadata.name}'], 's-1'],
    [['-ojsonpath={.data.size}'], '100'],
    [['-o', 'custom-columns=N:.metadata.name,S:.data.size,X:.nope'], 'N     S     X\ns-1   100   <none>\n'],
    [['--show-kind', '--no-headers', '-o', 'custom-columns=N:.metadata.name'], 's-1\n'],
  ])('%j', async (flags, expected) => {
    expect(await cli.ok(['get', 'configmap', 's-1', ...flags])).toBe(expected);
  });

  test('reads back what it writes as YAML and JSON', async () => {
    const json: unknown = JSON.parse(await cli.ok(['get', 'cm', 's-1', '-o', 'json']));
    expect(json).toMatchObject({ kind: 'ConfigMap', data: { size: '100' } });
    expect(await cli.ok(['get', 'cm', 's-1', '-o', 'yaml'])).toContain('  size: "100"\n');
  });

  test('pages when told to', async () => {
    const all = await cli.ok(['get', 'cm', '-l', 'group=sorted', '-o', 'name']);
    expect(await cli.ok(['get', 'cm', '-l', 'group=sorted', '--chunk-size=1', '--no-headers'])).toContain('s-10');
    expect(all.trim().split('\n')).toHaveLength(3);
  });

  test('shows what is there and ends with 1 for what is not', async () => {
    for (const form of [[], ['-o', 'name'], ['-o', 'yaml']]) {
      const { code, stdout, stderr } = await cli.run(['get', 'cm', 's-1', 'nosuch', ...form]);
      expect(code).toBe(1);
      expect(stdout).toContain('s-1');
      expect(stderr).toBe('Error from server (NotFound): configmaps "nosuch" not found\n');
    }
    expect(await cli.run(['get', 'cm', 'nosuch', '--ignore-not-found'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('says so when there is nothing, which is no error', async () => {
    const { code, stderr } = await cli.run(['get', 'pods', '-n', 'default']);
    expect(code).toBe(0);
    expect(stderr).toBe('No resources found in default namespace.\n');
  });

  test.each([
    [['get', 'nosuchkind'], 1],
    [['get'], 2],
    [['get', 'pods', '-o', 'nosuch'], 2],
    [['get', 'pods', '--nosuch'], 2],
    [['nosuch'], 2],
    [['get', 'cm', '--chunk-size=x'], 2],
  ])('%j ends with %i', async (args, expected) => {
    expect((await cli.run(args)).code).toBe(expected);
  });
});

describe('rollout', () => {
  const replicaSet = (name: string, revision: number, image: string, owner: string, uid: string) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      labels: { app: owner, 'pod-template-hash': name },
      annotations: {
        'deployment.kubernetes.io/revision': String(revision),
        'kubernetes.io/change-cause': `image ${image}`,
      },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: owner, uid, controller: true }],
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: owner, 'pod-template-hash': name } },
      template: {
        metadata: { labels: { app: owner, 'pod-template-hash': name } },
        spec: { containers: [{ name: 'main', image }] },
      },
    },
  });

  /** No controller runs here: its ReplicaSets are made by hand. */
  async function withHistory(name: string): Promise<void> {
    await cli.ok(['apply', '-f', '-'], deployment(name, 'app:2'));
    const uid = await cli.ok(['get', 'deploy', name, '-o', 'jsonpath={.metadata.uid}']);
    for (const [revision, image] of [
      [1, 'app:1'],
      [2, 'app:2'],
    ] as const) {
      const body = replicaSet(`${name}-${revision}`, revision, image, name, uid);
      const made = await server.ask('POST', '/apis/apps/v1/namespaces/default/replicasets', { body });
      expect(made.status).toBe(201);
    }
  }

  const imageOf = (name: string): Promise<string> =>
    cli.ok(['get', 'deploy', name, '-o', 'jsonpath={.spec.template.spec.containers[0].image}']);

  test('lists revisions and shows one', async () => {
    await withHistory('past');
    expect(await cli.ok(['rollout', 'history', 'deploy/past'])).toBe(
      'deployment.apps/past\nREVISION  CHANGE-CAUSE\n1         image app:1\n2         image app:2\n\n',
    );
    const one = await cli.ok(['rollout', 'history', 'deploy/past', '--revision=1']);
    expect(one).toContain('deployment.apps/past with revision #1\nPod Template:\n');
    expect(one).toMatch(/^ {4}Image: +app:1$/m);
    const missing = await cli.run(['rollout', 'history', 'deploy/past', '--revision=9']);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('There are: 1, 2');
  });

  test('goes back to the revision before, or to one by number', async () => {
    await withHistory('back');
    expect(await cli.ok(['rollout', 'undo', 'deploy/back', '--dry-run=client'])).toContain('app:1');
    expect(await imageOf('back')).toBe('app:2');
    expect(await cli.ok(['rollout', 'undo', 'deploy/back'])).toBe('deployment.apps/back rolled back\n');
    expect(await imageOf('back')).toBe('app:1');
    const labels = await cli.ok(['get', 'deploy', 'back', '-o', 'jsonpath={.spec.template.metadata.labels}']);
    expect(JSON.parse(labels)).toEqual({ app: 'back' });
    expect(await cli.ok(['rollout', 'undo', 'deploy/back', '--to-revision=1'])).toBe(
      'deployment.apps/back skipped rollback (current template already matches revision 1)\n',
    );
  });

  test('restarts, pauses and resumes; doing so twice is an error', async () => {
    await cli.ok(['apply', '-f', '-'], deployment('still', 'app:1'));
    expect(await cli.ok(['rollout', 'restart', 'deploy/still'])).toBe('deployment.apps/still restarted\n');
    expect(await cli.ok(['rollout', 'pause', 'deploy/still'])).toBe('deployment.apps/still paused\n');
    expect((await cli.run(['rollout', 'pause', 'deploy/still'])).stderr).toContain('is already paused');
    expect((await cli.run(['rollout', 'restart', 'deploy/still'])).stderr).toContain("can't restart paused deployment");
    expect((await cli.run(['rollout', 'undo', 'deploy/still'])).stderr).toContain(
      'cannot rollback a paused deployment',
    );
    expect(await cli.ok(['rollout', 'resume', 'deploy/still'])).toBe('deployment.apps/still resumed\n');
    expect((await cli.run(['rollout', 'resume', 'deploy/still'])).code).toBe(1);
  });

  test('waits for the status to say so, or for the time to be over', async () => {
    await cli.ok(['apply', '-f', '-'], deployment('slow', 'app:1', 1));
    const setStatus = (status: object): Promise<unknown> =>
      server.ask('PATCH', '/apis/apps/v1/namespaces/default/deployments/slow/status', {
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { status },
      });
    const late = await cli.run(['rollout', 'status', 'deploy/slow', '--timeout=300ms']);
    expect(late).toEqual({
      code: 1,
      stdout: 'Waiting for deployment spec update to be observed...\n',
      stderr: 'error: timed out waiting for the condition\n',
    });
    const following = cli.run(['rollout', 'status', 'deploy/slow', '--timeout=10s']);
    await setStatus({ observedGeneration: 1, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 });
    await setStatus({ observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 });
    const { code, stdout } = await following;
    expect(code).toBe(0);
    expect(stdout).toContain('deployment "slow" successfully rolled out\n');
    expect((await cli.run(['rollout', 'status', 'cm/three'])).stderr).toContain('cannot be used with rollout status');
  });
});

describe('what it writes', () => {
  test('label and annotate', async () => {
    await cli.ok(['apply', '-f', '-'], configMap('tagged', {}));
    expect(await cli.ok(['label', 'cm/tagged', 'tier=front'])).toBe('configmap/tagged labeled\n');
    expect((await cli.run(['label', 'cm/tagged', 'tier=back'])).stderr).toContain('already has a value (front)');
    expect(await cli.ok(['label', 'cm/tagged', 'tier-'])).toBe('configmap/tagged labeled\n');
    expect(await cli.ok(['annotate', 'cm', 'tagged', 'note=x'])).toBe('configmap/tagged annotated\n');
  });

  test('scale', async () => {
    await cli.ok(['apply', '-f', '-'], deployment('scaled', 'app:1'));
    expect(await cli.ok(['scale', 'deploy/scaled', '--replicas=3'])).toBe('deployment.apps/scaled scaled\n');
    expect(await cli.ok(['get', 'deploy', 'scaled', '-o', 'jsonpath={.spec.replicas}'])).toBe('3');
    const raced = await cli.run(['scale', 'deploy/scaled', '--replicas=1', '--current-replicas=2']);
    expect(raced.stderr).toContain('Expected replicas to be 2, was 3');
  });

  test('scale with the current number goes on when others write in between', async () => {
    await cli.ok(['apply', '-f', '-'], deployment('busy', 'app:1'));
    await cli.ok(['scale', 'deploy/busy', '--replicas=0']);
    let scaling = true;
    const other = async (_: unknown, writer: number): Promise<void> => {
      for (let n = 0; scaling; n++) await cli.ok(['annotate', 'deploy/busy', `w${writer}=${n}`, '--overwrite']);
    };
    const writing = Promise.all(Array.from({ length: 5 }, other));
    try {
      for (let now = 0; now < 30; now++) {
        await cli.ok(['scale', 'deploy/busy', `--replicas=${now + 1}`, `--current-replicas=${now}`]);
      }
    } finally {
      scaling = false;
      await writing;
    }
  });

  test('delete waits until it is gone', async () => {
    await cli.ok(['apply', '-f', '-'], configMap('gone', {}));
    expect(await cli.ok(['delete', 'cm', 'gone'])).toBe('configmap "gone" deleted\n');
    expect((await cli.run(['delete', 'cm', 'gone'])).code).toBe(1);
    expect((await cli.run(['delete', 'cm', 'gone', '--ignore-not-found'])).code).toBe(0);
    expect((await cli.run(['delete', 'cm'])).code).toBe(2);
  });
});

describe('what it tells', () => {
  test('describe shows each, and ends with 1 when one is missing', async () => {
    await cli.ok(['apply', '-f', '-'], configMap('told', { key: 'value' }));
    const { code, stdout, stderr } = await cli.run(['describe', 'cm', 'told', 'nosuch']);
    expect(code).toBe(1);
    expect(stdout).toContain('Name:         told\nNamespace:    default\n');
    expect(stdout).toContain('key:\n----\nvalue\n');
    expect(stdout).toContain('Events:  <none>\n');
    expect(stderr).toBe('Error from server (NotFound): configmaps "nosuch" not found\n');
  });

  test('events of one object, oldest first', async () => {
    const event = (name: string, message: string, at: string, kind = 'ConfigMap') => ({
      metadata: { name, namespace: 'default' },
      involvedObject: { kind, name: 'told', namespace: 'default' },
      type: 'Warning',
      reason: 'Tested',
      message,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    });
    for (const body of [
      event('e2', 'second', '2026-01-02T00:00:00Z'),
      event('e1', 'first', '2026-01-01T00:00:00Z'),
      event('e3', 'of another', '2026-01-03T00:00:00Z', 'Secret'),
    ]) {
      expect((await server.ask('POST', '/api/v1/namespaces/default/events', { body })).status).toBe(201);
    }
    const lines = (await cli.ok(['events', '--for', 'cm/told', '--types=Warning'])).trim().split('\n');
    expect(lines[0]).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$/);
    expect(lines.slice(1).map((line) => line.split(/\s{2,}/).at(-1))).toEqual(['first', 'second']);
    expect((await cli.run(['events', '--for', 'told'])).code).toBe(2);
    expect((await cli.run(['events', '--types', 'Odd'])).code).toBe(2);
  });

  test('completion knows verbs, flags, kinds and names', async () => {
    const complete = async (...words: string[]): Promise<string[]> =>
      (await cli.ok(['__complete', ...words])).trim().split('\n');
    expect(await complete('desc')).toEqual(['describe']);
    expect(await complete('rollout', 'un')).toEqual(['undo']);
    expect(await complete('get', '--sor')).toEqual(['--sort-by']);
    expect(await complete('get', 'configm')).toEqual(['configmaps']);
    expect(await complete('get', 'cm', 's-')).toEqual(['s-1', 's-10', 's-9']);
    expect(await complete('get', 'cm/tol')).toEqual(['cm/told']);
    expect(await complete('get', '-n', 'defa')).toEqual(['default']);
    expect(await complete('get', '-n', 'nosuch', 'cm', '')).toEqual(['']);
    expect(await complete('exec', 'x', '--', '')).toEqual(['']);
  });
});

test.each(commands.filter(({ group, name }) => group !== 'cluster' || name === 'status').map(({ name }) => name))(
  '%s has help with examples',
  async (name) => {
    const help = await cli.ok([name, '--help']);
    expect(help).toContain(`Usage: berth ${name}`);
    expect(help).toContain('Examples:');
  },
);

test('without a cluster the error says what to do', async () => {
  const alone = createTestCli();
  try {
    const { code, stderr } = await alone.run(['get', 'pods']);
    expect(code).toBe(1);
    expect(stderr).toContain('berth up');
  } finally {
    alone.end();
  }
});
