import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import type { V1Probe } from '#api/generated/types.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { ExecResult } from '../runtime/runtime.ts';
import { httpRequest, runProbe } from './handler.ts';
import { decodeHealthResponse, encodeHealthRequest } from './health-wire.ts';
import { createNetworkTransport } from './network-transport.ts';
import { createHollowTransport } from './transport.ts';
import { type ProbeKind, runProbeWorker } from './worker.ts';

const signal = new AbortController().signal;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const target = (address = '127.0.0.1') => ({
  containerId: 'c',
  container: { name: 'main', ports: [{ name: 'web', containerPort: 8080 }] },
  address,
});

const answering = (answer: Partial<ExecResult> | Error) => ({
  execSync: async (): Promise<ExecResult> => {
    if (answer instanceof Error) throw answer;
    return { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), ...answer };
  },
});

describe('one probe', () => {
  const transport = createNetworkTransport({ clock: createRealClock() });
  const probe = (of: V1Probe, runtime = answering({})) => runProbe(of, target(), { runtime, transport }, signal);
  const serve = async (status: number): Promise<number> => {
    const server = createServer((request, response) =>
      response.writeHead(status).end(request.headers['x-probe'] ?? ''),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    return portOf(server.address());
  };
  const portOf = (address: AddressInfo | string | null): number =>
    typeof address === 'object' && address ? address.port : 0;

  test('http: below 400 is well, the rest is told by number', async () => {
    expect(await probe({ httpGet: { port: await serve(204) } })).toEqual({ ok: true, output: '' });
    expect((await probe({ httpGet: { port: await serve(302) } })).ok).toBe(true);
    expect(await probe({ httpGet: { port: await serve(500) } })).toEqual({
      ok: false,
      output: 'HTTP probe failed with statuscode: 500',
    });
  });

  test('http: headers as they are declared, repeated ones and Host too; of a long answer only the start', async () => {
    const server = createServer((request, response) => {
      const { host, 'x-probe': sent } = request.headers;
      response.end(`${host} ${sent} ${request.headers.connection} ${'x'.repeat(1e6)}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const headers = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Probe', value: '1' },
      { name: 'X-Probe', value: '2' },
    ];
    const address = { host: '127.0.0.1', port: portOf(server.address()), scheme: 'http', path: '/', headers } as const;
    const { status, body } = await transport.http(address, 5000, signal);
    expect(status).toBe(200);
    expect(body.slice(0, 30)).toBe('shop.example 1, 2 close xxxxxx');
    expect(body).toHaveLength(10 * 1024);
  });

  test('http: nobody there, and nobody answering', async () => {
    const free = await serve(200);
    await closers.pop()?.();
    expect((await probe({ httpGet: { port: free, path: '/x' } })).output).toMatch(
      new RegExp(`^Get "http://127.0.0.1:${free}/x": .*ECONNREFUSED`),
    );
    const silent = createTcpServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(() => silent.close());
    const late = await probe({ httpGet: { port: portOf(silent.address()) }, timeoutSeconds: 0.05 });
    expect(late.output).toContain('context deadline exceeded');
  });

  test('tcp', async () => {
    const port = await serve(200);
    expect((await probe({ tcpSocket: { port } })).ok).toBe(true);
    await closers.pop()?.();
    expect((await probe({ tcpSocket: { port } })).output).toContain(`dial tcp 127.0.0.1:${port}: `);
  });

  test('exec: the exit code decides, the output is told', async () => {
    expect((await probe({ exec: { command: ['x'] } })).ok).toBe(true);
    const failing = answering({ exitCode: 1, stdout: Buffer.from('o'), stderr: Buffer.from('e') });
    expect(await probe({ exec: { command: ['x'] } }, failing)).toEqual({ ok: false, output: 'oe' });
    const late = answering(new RuntimeError('timeout', 'late'));
    expect((await probe({ exec: { command: ['x', 'y'] } }, late)).output).toBe(
      'command timed out: "x y" timed out after 1s',
    );
  });

  test('grpc: the health service is asked', async () => {
    const server = new Server();
    let status = 1;
    const asked: string[] = [];
    server.addService(
      {
        Check: {
          path: '/grpc.health.v1.Health/Check',
          requestStream: false,
          responseStream: false,
          requestSerialize: encodeHealthRequest,
          requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2).toString('utf8') }),
          responseSerialize: () => Buffer.from([0x08, status]),
          responseDeserialize: decodeHealthResponse,
        },
      },
      {
        Check: (
          call: { readonly request: { readonly service: string } },
          answer: (error: null, value: string) => void,
        ) => {
          asked.push(call.request.service);
          answer(null, '');
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    closers.push(() => server.forceShutdown());
    expect((await probe({ grpc: { port, service: 'db' } })).ok).toBe(true);
    status = 2;
    expect((await probe({ grpc: { port } })).output).toContain('NOT_SERVING');
    expect(asked).toEqual(['db', '']);
  });

  test('ports by name; names that nobody has', async () => {
    expect(httpRequest({ port: 'web', path: 'p', scheme: 'HTTPS' }, target('::1'))).toMatchObject({
      port: 8080,
      path: '/p',
      scheme: 'https',
      host: '::1',
    });
    expect((await probe({ httpGet: { port: 'no' } })).output).toBe('invalid port number: no');
  });
});

describe('a probe worker', () => {
  const run = (kind: ProbeKind, probe: V1Probe, more: { held?: () => boolean; startedAgoMs?: number } = {}) => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const startMs = clock.now();
    const log: string[] = [];
    const answers = { ok: true };
    const ended = runProbeWorker(
      {
        kind,
        probe: { ...probe, httpGet: { port: 1 } },
        target: target(),
        startedAtMs: startMs - (more.startedAgoMs ?? 0),
        runtime: answering({}),
        transport: { ...createHollowTransport(), http: async () => ({ status: answers.ok ? 200 : 503, body: '' }) },
        clock,
        random: createSeededRandom(1),
        held: more.held ?? (() => false),
        onVerdict: (ok) => log.push(`${clock.now() - startMs} ${ok}`),
        onFailure: () => log.push(`${clock.now() - startMs} failure`),
      },
      controller.signal,
    );
    const stop = async (): Promise<void> => {
      controller.abort(new Error('over'));
      await ended;
      expect(clock.pendingTimers).toBe(0);
    };
    return { clock, log, answers, ended, stop };
  };

  test('readiness comes and goes by its thresholds', async () => {
    const { clock, log, answers, stop } = run('readiness', {
      periodSeconds: 1,
      failureThreshold: 2,
      successThreshold: 2,
      initialDelaySeconds: 5,
    });
    await clock.advance(7_500);
    answers.ok = false;
    await clock.advance(3_000);
    answers.ok = true;
    await clock.advance(3_000);
    expect(log).toEqual(['6000 true', '8000 failure', '9000 failure', '9000 false', '10000 failure', '12000 true']);
    await stop();
  });

  test('does not wait for a clock that was set back', async () => {
    const { clock, log, stop } = run(
      'readiness',
      { periodSeconds: 1, initialDelaySeconds: 5 },
      { startedAgoMs: -3_600_000 },
    );
    await clock.advance(6_000);
    expect(log).toEqual(['5000 true']);
    await stop();
  });

  test('liveness gives up once', async () => {
    const { clock, log, answers, ended } = run('liveness', { periodSeconds: 1, failureThreshold: 3 });
    answers.ok = false;
    await clock.advance(10_000);
    await ended;
    expect(log.at(-1)).toBe('3000 false');
  });

  test('others wait until the startup probe has passed', async () => {
    let held = true;
    const { clock, log, stop } = run('readiness', { periodSeconds: 1 }, { held: () => held });
    await clock.advance(5_000);
    expect(log).toEqual([]);
    held = false;
    await clock.advance(1_000);
    expect(log).toEqual(['6000 true']);
    await stop();
  });

  test('a container that has long been running is probed at a moment of its own', async () => {
    const { clock, log, stop } = run('readiness', { periodSeconds: 10 }, { startedAgoMs: 3_600_000 });
    await clock.advance(10_000);
    expect(log).toHaveLength(1);
    expect(log[0]).not.toBe('0 true');
    await stop();
  });
});
