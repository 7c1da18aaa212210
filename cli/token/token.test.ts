import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseJoinToken } from '#api/join-token.ts';
import { configMaps, secrets } from '#api/kinds.ts';
import { startJoining, type TestJoining } from '#test/harness/joining.ts';
import { createTestCli, type TestCli } from '../testing/run-cli.ts';

let cluster: TestJoining;
let cli: TestCli;
beforeAll(async () => {
  cluster = await startJoining({ plane: { advertiseAddress: '192.0.2.1' } });
  const { cert, key } = cluster.certs.admin;
  cli = createTestCli({ url: cluster.plane.url, ca: cluster.certs.ca.cert, cert, key });
});
afterAll(async () => {
  cli.end();
  await cluster.stop();
});

const config = { namespace: 'kube-public', name: 'berth-cluster' };
const statusWith = (bearer: string): Promise<unknown> =>
  cluster
    .clientOf({ token: bearer })
    .get(configMaps, config)
    .then(
      () => 200,
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );

it('create prints one line and nothing else, and machines can join with it', async () => {
  const { code, stdout, stderr } = await cli.run(['token', 'create', '--description', 'rack 2']);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('berth token revoke') });
  const [, server, text = ''] = /^bin\/berth join (\S+) --token (\S+)\n$/.exec(stdout) ?? [];
  expect(server).toBe(`192.0.2.1:${cluster.plane.port}`);
  const token = parseJoinToken(text);
  const der = new X509Certificate(cluster.certs.ca.cert).raw;
  expect(token.caHash).toBe(createHash('sha256').update(der).digest('hex'));
  expect(await statusWith(`${token.id}.${token.secret}`)).toBe(200);

  const { data, type } = await cluster.plane.client.get(secrets, {
    namespace: 'kube-system',
    name: `bootstrap-token-${token.id}`,
  });
  expect(type).toBe('bootstrap.kubernetes.io/token');
  const ends = Date.parse(Buffer.from(data?.expiration ?? '', 'base64').toString());
  expect(Math.abs(ends - Date.now() - 86_400_000)).toBeLessThan(60_000);

  const listed = await cli.ok(['token', 'list']);
  expect(listed).toMatch(new RegExp(`^ID +ENDS IN +AGE +DESCRIPTION\n${token.id} +2[34]h +\\d+s +rack 2\n$`));
  expect(listed).not.toContain(token.secret);

  expect(await cli.ok(['token', 'revoke', text])).toBe(`token ${token.id} revoked\n`);
  expect(await statusWith(`${token.id}.${token.secret}`)).toBe(401);
  const again = await cli.run(['token', 'revoke', token.id]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain(`there is no token ${token.id}`);
});

it('in JSON, of a given server, without end', async () => {
  const made: unknown = JSON.parse(
    await cli.ok(['token', 'create', '--ttl', '0', '--server', 'berth.example.com:6443', '-o', 'json']),
  );
  expect(made).toMatchObject({ server: 'berth.example.com:6443', command: expect.stringMatching(/^bin\/berth join /) });
  expect(made).not.toHaveProperty('expires');
  const listed: unknown = JSON.parse(await cli.ok(['token', 'list', '-o', 'json']));
  expect(listed).toEqual([expect.not.objectContaining({ expires: expect.anything() })]);
});

it.each([
  [['token', 'create', '--ttl', 'soon'], 2, '--ttl must be a duration'],
  [['token', 'create', '--ttl=-1h'], 2, '--ttl must'],
  [['token', 'create', '--ttl', '9999999999h'], 2, '--ttl must be at most ten years'],
  [['token', 'revoke', 'x'], 2, '6 small letters and digits'],
  [['token', 'revoke', 'zzzzzz'], 1, 'there is no token zzzzzz'],
])('%j says what is wrong', async (args, code, why) => {
  const result = await cli.run(args);
  expect(result.code).toBe(code);
  expect(result.stderr).toContain(why);
});

it('makes no token that it cannot print', async () => {
  const before = await cli.ok(['token', 'list']);
  const { code, stderr } = await cli.run(['token', 'create', '-o', 'wide']);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('-o json or -o yaml') });
  const ids = (text: string) => text.split('\n').map((line) => line.split(' ')[0]);
  expect(ids(await cli.ok(['token', 'list']))).toEqual(ids(before));
});

it('where the server tells no address that others could reach, it asks for one', async () => {
  const local = await startJoining();
  const { cert, key } = local.certs.admin;
  const own = createTestCli({ url: local.plane.url, ca: local.certs.ca.cert, cert, key });
  try {
    const { code, stderr } = await own.run(['token', 'create']);
    expect(code).toBe(1);
    expect(stderr).toContain('berth token create --server');
  } finally {
    own.end();
    await local.stop();
  }
});
