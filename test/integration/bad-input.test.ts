/** Hostile and mistaken input against a control plane in a process of its own, on a real etcd. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KeyPair } from '#host/key-pair.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';
import { kubeconfigText } from '../harness/control-plane.ts';
import { type ControlPlaneProcess, startControlPlaneProcess } from '../harness/control-plane-process.ts';
import { startEtcd, type TestEtcd } from '../harness/etcd.ts';
import { etcdKeys } from '../harness/etcd-keys.ts';
import { eventually } from '../harness/eventually.ts';
import { type LatencyProbe, startLatencyProbe } from '../harness/latency-probe.ts';
import { openRaw, sendRaw } from '../harness/raw-https.ts';
import { run } from '../harness/run.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const json = { 'content-type': 'application/json' };
const yaml = { 'content-type': 'application/yaml' };
/** For most requests of somebody else while all this goes on, and for each of them; more where the machine is busy with other things. */
const quickMs = 200;
const blockedMs = 2_000;
const memoryGrowthMax = 60 * 1024 ** 2;

let etcd: TestEtcd;
let plane: ControlPlaneProcess;
let admin: Agent;
let memoryBefore = 0;
let keysBefore = new Map<string, string>();
let probe: LatencyProbe;

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: object = json,
  agent = admin,
): Promise<Answer> {
  const answer = await request(`https://127.0.0.1:${plane.port}${path}`, {
    method,
    headers: { ...headers },
    body: body ?? null,
    dispatcher: agent,
  });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const agentOf = (user: KeyPair | undefined): Agent =>
  new Agent({ connect: { ca: plane.certs.ca.cert, ...(user && { cert: user.cert, key: user.key }) } });

// What leader election and the events of controllers write by themselves.
const keys = () => etcdKeys(etcd.endpoints[0] ?? '', ['/registry/leases/', '/registry/events/']);
const raw = (bytes: string | Buffer, until?: RegExp) =>
  sendRaw({ port: plane.port, ca: plane.certs.ca.cert, user: plane.certs.admin }, bytes, until);

beforeAll(async () => {
  etcd = await startEtcd();
  plane = await startControlPlaneProcess(etcd.endpoints);
  admin = agentOf(plane.certs.admin);
  expect((await ask('POST', configMaps, '{"metadata":{"name":"steady"},"data":{"a":"1"}}')).status).toBe(201);
  // Quiet: the bootstrap objects and what controllers make of them are written.
  await eventually(
    async () => {
      const first = [...(await keys())];
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect([...(await keys())]).toEqual(first);
    },
    { withinMs: 20_000 },
  );
  memoryBefore = await plane.memoryBytes();
});

afterAll(async () => {
  await admin?.close();
  await plane?.stop();
  await etcd?.stop();
});

beforeEach(async () => {
  keysBefore = await keys();
  const { cert, key } = plane.certs.admin;
  const url = `https://127.0.0.1:${plane.port}${configMaps}/steady`;
  probe = await startLatencyProbe({ url, ca: plane.certs.ca.cert, cert, key });
});

afterEach(async () => {
  const { before, median, worst } = await probe.stop();
  expect(median, 'most requests of others').toBeLessThan(quickMs + 3 * before);
  expect(worst, 'the slowest request of others').toBeLessThan(blockedMs + 3 * before);
  expect(await keys()).toEqual(keysBefore);
  expect(plane.isRunning(), plane.said()).toBe(true);
  expect(plane.said()).not.toMatch(/unhandled|uncaught|TypeError|RangeError|heap/i);
  expect((await plane.memoryBytes()) - memoryBefore).toBeLessThan(memoryGrowthMax);
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const aliasBomb = (): string =>
  ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    .concat(Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`))
    .join('\n');

describe('documents', () => {
  test.each<[string, string, Record<string, string>, number, RegExp]>([
    ['broken YAML', 'metadata:\n  name: a\n data: [', yaml, 400, /line \d+,? column \d+/],
    ['broken JSON', '{"metadata":{"name":"a"', json, 400, /json|JSON/],
    [
      'two names of one field',
      '{"metadata":{"name":"a"},"data":{},"data":{}}',
      json,
      400,
      /duplicate field \\"data\\"/,
    ],
    [
      'an unknown field',
      '{"metadata":{"name":"a"},"dta":{}}',
      json,
      400,
      /strict decoding error: unknown field \\"dta\\"/,
    ],
    [
      'a wrong type',
      '{"metadata":{"name":"a"},"data":{"a":1}}',
      json,
      400,
      /cannot unmarshal number into Go struct field ConfigMap\.data of type string/,
    ],
    [
      'a wrong kind',
      '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"}}',
      json,
      400,
      /does not match the expected/,
    ],
    ['deep JSON', `{"metadata":{"name":"a"},"data":${nested(50_000)}}`, json, 400, /depth|deep|nest/],
    ['deep YAML', `metadata: {name: a}\ndata: ${'['.repeat(50_000)}`, yaml, 400, /depth|deep|nest/],
    ['an alias bomb', aliasBomb(), yaml, 400, /alias/i],
    [
      'a prototype',
      '{"metadata":{"name":"a","__proto__":{"x":1}},"__proto__":{"data":{"a":"b"}}}',
      json,
      400,
      /unknown field/,
    ],
    ['a constructor', '{"metadata":{"name":"a"},"constructor":{"prototype":{"x":1}}}', json, 400, /unknown field/],
    ['null bytes in a name', '{"metadata":{"name":"a\\u0000b"}}', json, 422, /metadata\.name/],
    ['an invalid name', '{"metadata":{"name":"A_b"}}', json, 422, /metadata\.name: Invalid value: \\"A_b\\"/],
    [
      'an invalid label',
      '{"metadata":{"name":"a","labels":{"a b":"c"}}}',
      json,
      422,
      /metadata\.labels: Invalid value: \\"a b\\"/,
    ],
    ['an invalid key', '{"metadata":{"name":"a"},"data":{"a/b":"c"}}', json, 422, /data\[a\/b\]: Invalid value/],
    [
      'a resourceVersion',
      '{"metadata":{"name":"a","resourceVersion":"1"}}',
      json,
      400,
      /resourceVersion should not be set/,
    ],
    ['a media type that is none', 'x', { 'content-type': 'text/html' }, 415, /UnsupportedMediaType/],
  ])('%s', async (_, body, headers, code, message) => {
    const answer = await ask('POST', `${configMaps}?fieldValidation=Strict`, body, headers);
    expect(answer.text).toMatch(message);
    expect(answer.status).toBe(code);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });

  test('invalid UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"metadata":{"name":"a"},"data":{"a":"'),
      Buffer.from([0xff, 0xfe, 0xc0]),
      Buffer.from('"}}'),
    ]);
    const answer = await ask('POST', `${configMaps}?dryRun=All`, body);
    expect(answer.text).not.toMatch(/\ud800/);
    expect([201, 400]).toContain(answer.status);
  });

  test('a pod with several mistakes: each has its field path', async () => {
    const container = {
      name: 'A!',
      image: '',
      ports: [{ containerPort: 70_000 }],
      resources: { limits: { cpu: '-1' } },
    };
    const body = JSON.stringify({
      metadata: { name: 'bad' },
      spec: { containers: [container, container], restartPolicy: 'Maybe' },
    });
    const answer = await ask('POST', '/api/v1/namespaces/default/pods', body);
    expect(answer.status).toBe(422);
    const { details } = JSON.parse(answer.text);
    const fields = details.causes.map(({ field }: { field: string }) => field);
    expect(fields).toEqual(
      expect.arrayContaining([
        'spec.containers[0].name',
        'spec.containers[0].image',
        'spec.containers[0].ports[0].containerPort',
        'spec.containers[0].resources.limits[cpu]',
        'spec.containers[1].name',
        'spec.restartPolicy',
      ]),
    );
  });

  test('over 3 MiB, with a length and in chunks', async () => {
    const body = JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(4 * 1024 ** 2) } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ask('POST', configMaps, body).catch(() => undefined)),
    );
    expect(answers.filter((one) => one?.status === 413).length).toBeGreaterThan(0);
    for (const answer of answers) if (answer) expect(answer.text).toContain('limit is 3145728');
    const chunk = 'x'.repeat(64 * 1024);
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunks = `${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(64);
    expect(await raw(`${head}${chunks}0\r\n\r\n`, /\r\n\r\n/)).toContain('413');
  });

  test('conflicting writes', async () => {
    const stored = JSON.parse((await ask('GET', `${configMaps}/steady`)).text);
    const old = { ...stored, metadata: { ...stored.metadata, resourceVersion: '1' }, data: { a: '2' } };
    const answer = await ask('PUT', `${configMaps}/steady`, JSON.stringify(old));
    expect(answer.status).toBe(409);
    expect(answer.text).toContain(
      'the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await ask('POST', configMaps, '{"metadata":{"name":"steady"}}')).text).toContain('AlreadyExists');
    const uid = '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"another"}}';
    expect((await ask('DELETE', `${configMaps}/steady`, uid)).status).toBe(409);
  });

  test('unknown kinds and paths', async () => {
    expect((await ask('GET', '/api/v1/namespaces/default/nonsenses')).status).toBe(404);
    expect((await ask('POST', '/apis/nonsense.example/v1/things', '{}')).status).toBe(404);
    expect((await ask('POST', '/api/v1/namespaces/nowhere/configmaps', '{"metadata":{"name":"a"}}')).text).toContain(
      'namespaces \\"nowhere\\" not found',
    );
  });

  test('patches that break the object', async () => {
    const patch = (type: string, body: string) =>
      ask('PATCH', `${configMaps}/steady`, body, { 'content-type': `application/${type}` });
    expect((await patch('merge-patch+json', '{"metadata":{"name":"other"}}')).status).toBe(400);
    expect((await patch('merge-patch+json', '{"data":[1]}')).status).toBe(400);
    expect((await patch('json-patch+json', '[{"op":"remove","path":"/nothing/there"}]')).status).toBe(422);
    expect(
      (await patch('json-patch+json', '[{"op":"add","path":"/__proto__/x","value":1}]')).status,
    ).toBeGreaterThanOrEqual(400);
    expect(
      (await patch('json-patch+json', `[${Array(20_000).fill('{"op":"test","path":"/data/a","value":"1"}').join()}]`))
        .status,
    ).toBe(413);
    expect((await patch('strategic-merge-patch+json', nested(5_000))).status).toBe(400);
  });
});

describe('connections', () => {
  test('a request that is cut off', async () => {
    const access = { port: plane.port, ca: plane.certs.ca.cert, user: plane.certs.admin };
    for (let turn = 0; turn < 20; turn += 1) {
      const socket = await openRaw(access);
      const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
      socket.write(`${head}{"metadata":{"name":"cut"}}`, () => socket.destroy());
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect((await ask('GET', `${configMaps}/cut`)).status).toBe(404);
  });

  test('two hundred slow bodies', async () => {
    const access = { port: plane.port, ca: plane.certs.ca.cert, user: plane.certs.admin };
    const head = `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n`;
    const sockets = await Promise.all(Array.from({ length: 200 }, () => openRaw(access)));
    for (const socket of sockets) socket.write(head);
    for (let turn = 0; turn < 10; turn += 1) {
      for (const socket of sockets) socket.write(' ');
      expect((await ask('GET', `${configMaps}/steady`)).status).toBe(200);
    }
    for (const socket of sockets) socket.destroy();
  });

  test.each<[string, string, RegExp]>([
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nx', /^HTTP\/1\.1 400/],
    [
      'a length and chunks',
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x',
      /^HTTP\/1\.1 400/,
    ],
    ['an encoding that is none', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 (400|501)/],
    ['a length that is none', 'Content-Length: -1\r\n\r\n', /^HTTP\/1\.1 400/],
    ['a bad chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n', /^HTTP\/1\.1 400/],
    ['a blank before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n', /^HTTP\/1\.1 400/],
    ['huge headers', `X-A: ${'a'.repeat(2 * 1024 ** 2)}\r\n\r\n`, /^HTTP\/1\.1 431/],
    [
      'a thousand headers',
      `${Array.from({ length: 50_000 }, (_, n) => `X-${n}: a`).join('\r\n')}\r\n\r\n`,
      /^HTTP\/1\.1 431/,
    ],
  ])('%s', async (_, rest, answer) => {
    expect(await raw(`POST ${configMaps} HTTP/1.1\r\nHost: x\r\n${rest}`, /\r\n\r\n/)).toMatch(answer);
  });

  test('bytes that are no HTTP', async () => {
    expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    await raw(Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919) % 256)));
  });

  test('certificates: of another authority, expired, none, of nobody with rights', async () => {
    const nowMs = Date.now();
    const stranger = await createAuthority('test-ca', 2, nowMs);
    const request = { commonName: 'system:admin', organizations: ['system:masters'], days: 1 };
    const forged = await issueCertificate(stranger, request, nowMs);
    const expired = await issueCertificate(plane.certs.ca, request, nowMs - 3 * 86_400_000);
    const body = '{"metadata":{"name":"forged"}}';
    for (const [user, codes] of [
      [forged, [401]],
      [expired, [401]],
      [undefined, [401, 403]],
      [await plane.certs.client('bob'), [403]],
    ] as const) {
      const agent = agentOf(user);
      const outcome = await ask('POST', configMaps, body, json, agent).catch((error: unknown) => error);
      // A server may end the handshake as well; it must not do what it is asked.
      if (!(outcome instanceof Error)) expect(codes).toContain(Reflect.get(Object(outcome), 'status'));
      await agent.close();
    }
    expect((await ask('GET', `${configMaps}/forged`)).status).toBe(404);
  });

  test('ten thousand watches, opened and dropped', async () => {
    const { cert, key } = plane.certs.admin;
    const perSession = 500;
    for (let round = 0; round < 20; round += 1) {
      const session = connectHttp2(`https://127.0.0.1:${plane.port}`, { ca: plane.certs.ca.cert, cert, key });
      session.on('error', () => undefined);
      await new Promise<void>((resolve) => {
        let open = 0;
        for (let n = 0; n < perSession; n += 1) {
          const stream = session.request({ ':path': `${configMaps}?watch=true&resourceVersion=0` });
          const done = () => {
            open += 1;
            if (open === perSession) resolve();
          };
          stream.once('response', done).on('error', () => undefined);
        }
      });
      const closed = new Promise((resolve) => session.once('close', resolve));
      session.destroy();
      await closed;
    }
    expect((await ask('GET', `${configMaps}/steady`)).status).toBe(200);
    await eventually(async () => (await plane.memoryBytes()) - memoryBefore < memoryGrowthMax);
    await eventually(async () => {
      const metrics = (await ask('GET', '/metrics')).text;
      const watchers = /^apiserver_registered_watchers\{[^}]*kind="ConfigMap"\} (\d+)$/m.exec(metrics)?.[1];
      expect(watchers).toBe('0');
    });
  });
});

test('the manifests of a folder: broken YAML is told by line and column, by the command line as well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-bad-input-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const { ca, admin: user } = plane.certs;
  await writeFile(kubeconfig, kubeconfigText(`https://127.0.0.1:${plane.port}`, ca.cert, user));
  const berth = join(import.meta.dirname, '../../bin/berth');
  const result = await run(berth, ['apply', '-f', '-', '--dry-run=client'], {
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n bad: [\n',
    env: { KUBECONFIG: kubeconfig },
  });
  await rm(folder, { recursive: true });
  expect(result.code).not.toBe(0);
  expect(result.stderr).toMatch(/line 5,? column \d+|:5:\d+/);
});
