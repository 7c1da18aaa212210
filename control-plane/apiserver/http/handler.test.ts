import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMaps } from '#api/kinds.ts';
import type { Log } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { startTestCore, type TestCore } from '#test/harness/core.ts';
import { type ApiServer, createApiServer } from '../api-server.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import type { ServerCore } from './exchange.ts';
import type { ApiRequest, ApiResponse } from './message.ts';

/** The server without a socket, on a virtual clock; `broken` replaces what the registry of configmaps does. */
let clock: VirtualClock;
let testCore: TestCore;
let logged: { fields: object; message: string }[];
let broken: Partial<ResourceRegistry>;
let server: ApiServer;
beforeEach(async () => {
  clock = createVirtualClock();
  testCore = await startTestCore({ clock });
  logged = [];
  broken = {};
  const { core } = testCore;
  const faulty: ServerCore = {
    definitions: () => core.definitions(),
    ready: () => core.ready(),
    registry(group, version, resource) {
      const registry = core.registry(group, version, resource);
      return registry && resource === configMaps.resource ? { ...registry, ...broken } : registry;
    },
  };
  server = createApiServer({
    core: faulty,
    clock,
    random: createSeededRandom(1),
    log: recordingLog(),
    tls: { certificate: '', key: '' },
    clientCa: '',
    limits: { readOnlyMax: 2, mutatingMax: 1 },
  });
});
afterEach(() => testCore.stop());

function recordingLog(): Log {
  const note = (fields: object, message: string) => void logged.push({ fields, message });
  const log: Log = { debug() {}, info() {}, warn: note, error: note, child: () => log };
  return log;
}

function ask(method: string, target: string, extra: Partial<ApiRequest> = {}): Promise<ApiResponse> {
  return server.handle({
    method,
    target,
    headers: {},
    peer: { kind: 'certificate', commonName: 'admin', organizations: ['system:masters'] },
    signal: new AbortController().signal,
    ...extra,
  });
}
const bodyOf = ({ body }: ApiResponse): unknown => JSON.parse(String(body));
const path = '/api/v1/namespaces/default/configmaps';

describe('what goes wrong inside', () => {
  test('is answered with 500 and logged under the id that the client gets', async () => {
    broken = { get: () => Promise.reject(new TypeError('x is not a function')) };
    const answer = await ask('GET', `${path}/a`, { headers: { 'audit-id': 'abc-1' } });
    expect(answer.status).toBe(500);
    expect(answer.headers['audit-id']).toBe('abc-1');
    expect(bodyOf(answer)).toMatchObject({ kind: 'Status', reason: 'InternalError', code: 500 });
    expect(JSON.stringify(bodyOf(answer))).not.toContain('not a function');
    expect(logged).toMatchObject([{ fields: { auditId: 'abc-1', err: { message: 'x is not a function' } } }]);
    broken = {};
    expect((await ask('GET', `${path}/a`)).status).toBe(404);
  });

  test('even when it is thrown at once, or is no error', async () => {
    broken = {
      list: () => {
        throw 'words';
      },
    };
    expect((await ask('GET', path)).status).toBe(500);
  });

  test('a client that leaves before its answer is no fault of the server', async () => {
    const gone = new AbortController();
    broken = {
      get({ signal }) {
        gone.abort(new Error('the client has gone away'));
        return Promise.reject(new Error('given up', { cause: signal.reason }));
      },
    };
    const answer = ask('GET', `${path}/a`, { signal: gone.signal });
    expect((await answer).status).toBe(504);
    expect(logged).toEqual([]);
  });

  test('what fails by itself is told of, even when nobody waits for it any more', async () => {
    const gone = new AbortController();
    broken = {
      get: () => {
        gone.abort(new Error('the client has gone away'));
        return Promise.reject(new TypeError('x is not a function'));
      },
    };
    expect((await ask('GET', `${path}/a`, { signal: gone.signal })).status).toBe(500);
    expect(logged).toMatchObject([{ fields: { err: { message: 'x is not a function' } } }]);
  });

  test('an audit id that is none is replaced', async () => {
    const answer = await ask('GET', path, { headers: { 'audit-id': 'a\r\nb' } });
    expect(answer.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('limits', () => {
  test('too many at once are turned away, watches do not count', async () => {
    broken = { get: () => new Promise(() => undefined) };
    const waiting = [ask('GET', `${path}/a`), ask('GET', `${path}/b`)];
    await Promise.resolve();
    const refused = await ask('GET', path);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect((await ask('DELETE', `${path}/a`)).status).toBe(404);
    const watch = await ask('GET', `${path}?watch=true`);
    expect(watch.status).toBe(200);
    if (!watch.body || Buffer.isBuffer(watch.body)) throw new Error('a watch has a stream');
    await watch.body[Symbol.asyncIterator]().return?.();
    await clock.advance(60_000);
    for (const one of waiting) expect((await one).status).toBe(504);
    expect((await ask('GET', path)).status).toBe(200);
  });

  test('what takes over a minute is given up, and told so', async () => {
    let told: unknown;
    broken = {
      list: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason;
            reject(signal.reason);
          });
        }),
    };
    const answer = ask('GET', path);
    await clock.advance(59_000);
    expect(told).toBeUndefined();
    await clock.advance(1_000);
    expect(bodyOf(await answer)).toMatchObject({ code: 504, reason: 'Timeout' });
    expect(told).toMatchObject({ code: 504 });
  });

  test('no timer is left behind', async () => {
    const before = clock.pendingTimers;
    await ask('GET', path);
    await ask('POST', path, { body: (async function* () {})() });
    expect(clock.pendingTimers).toBe(before);
  });
});

test('a watch ends after its time, by the clock that is given', async () => {
  const answer = await ask('GET', `${path}?watch=true&timeoutSeconds=30`);
  if (!answer.body || Buffer.isBuffer(answer.body)) throw new Error('a watch has a stream');
  const next = answer.body[Symbol.asyncIterator]().next();
  await clock.advance(30_000);
  expect((await next).done).toBe(true);
});

test('once closing, watches are refused and requests still served', async () => {
  await server.close();
  expect((await ask('GET', `${path}?watch=true`)).status).toBe(503);
  expect((await ask('GET', path)).status).toBe(200);
  expect((await ask('GET', '/readyz')).status).toBe(500);
  expect((await ask('GET', '/livez')).status).toBe(200);
});
