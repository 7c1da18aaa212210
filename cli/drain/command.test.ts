import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type TestApiServer } from '#test/harness/api-server.ts';
import { createTestCli, type TestCli } from '../testing/run-cli.ts';

let server: TestApiServer;
let cli: TestCli;

beforeAll(async () => {
  server = await startApiServer();
  const { ca, admin } = server.certs;
  cli = createTestCli({ url: server.url, ca: ca.cert, cert: admin.cert, key: admin.key });
  for (const name of ['n1', 'n2'])
    await server.ask('POST', '/api/v1/nodes', { body: { metadata: { name, labels: { rack: 'a' } } } });
});

afterAll(async () => {
  cli?.end();
  await server?.stop();
});

test('cordon and uncordon say what they did, as kubectl', async () => {
  expect(await cli.ok(['cordon', 'n1', '--dry-run=client'])).toBe('node/n1 cordoned (dry run)\n');
  expect(await cli.ok(['cordon', 'n1', '--dry-run=server'])).toBe('node/n1 cordoned (server dry run)\n');
  expect(await cli.ok(['cordon', 'n1'])).toBe('node/n1 cordoned\n');
  expect(await cli.ok(['cordon', '-l', 'rack=a'])).toBe('node/n1 already cordoned\nnode/n2 cordoned\n');
  expect(await cli.ok(['get', 'node', 'n1', '-o', 'jsonpath={.spec.unschedulable}'])).toBe('true');
  expect(await cli.ok(['uncordon', 'n1', 'n2'])).toBe('node/n1 uncordoned\nnode/n2 uncordoned\n');
  expect(await cli.ok(['uncordon', 'n1'])).toBe('node/n1 already uncordoned\n');
});

test('drain says what it did', async () => {
  expect(await cli.ok(['drain', 'n1'])).toBe('node/n1 cordoned\nnode/n1 drained\n');
  const pods = '/api/v1/namespaces/default/pods';
  const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] };
  await server.ask('POST', pods, { body: { metadata: { name: 'alone' }, spec } });
  const refused = await cli.run(['drain', 'n1']);
  expect(refused).toMatchObject({ code: 1, stdout: 'node/n1 already cordoned\n' });
  expect(refused.stderr).toContain(
    'unable to drain node "n1" due to error: cannot delete Pods that declare no controller (use --force to override): default/alone',
  );
  expect(refused.stderr).toContain('There are pending nodes to be drained:\n n1\n');
  expect(refused.stderr).toContain('berth drain n1 --force\n');
  const again = await cli.run(['drain', 'n1', '--ignore-daemonsets', '--delete-emptydir-data']);
  expect(again.stderr).toContain('berth drain n1 --ignore-daemonsets --delete-emptydir-data --force\n');
  const forced = await cli.run(['drain', 'n1', '--force', '--grace-period=0', '--timeout', '20s']);
  expect(forced).toMatchObject({
    code: 0,
    stdout: 'node/n1 already cordoned\nevicting pod default/alone\npod/alone evicted\nnode/n1 drained\n',
    stderr: 'Warning: deleting Pods that declare no controller: default/alone\n',
  });
});

test('drain goes on with the next node when one cannot be emptied', async () => {
  const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] };
  await server.ask('POST', '/api/v1/namespaces/default/pods', { body: { metadata: { name: 'alone' }, spec } });
  const { code, stdout, stderr } = await cli.run(['drain', 'n1', 'n2']);
  expect(code).toBe(1);
  expect(stdout).toContain('node/n2 drained\n');
  expect(stderr).toContain('There are pending nodes to be drained:\n n1\nerror: unable to drain node "n1"');
  expect(await cli.ok(['uncordon', 'n2'])).toBe('node/n2 uncordoned\n');
});

test('wrong usage is told before anything is done', async () => {
  expect(await cli.run(['drain'])).toMatchObject({ code: 2 });
  const missing = await cli.run(['cordon', 'n2', 'n9']);
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain('nodes "n9" not found');
  expect(await cli.ok(['uncordon', 'n2'])).toBe('node/n2 already uncordoned\n');
  expect(await cli.run(['drain', 'n1', '--timeout', 'soon'])).toMatchObject({ code: 2 });
  expect(await cli.run(['drain', 'n1', '-l', 'rack=a'])).toMatchObject({ code: 2 });
});
