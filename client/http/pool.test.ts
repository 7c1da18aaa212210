import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPool, isLate, type Pool, type SendOptions } from './pool.ts';

let server: Server;
let pool: Pool;
let answer: (response: ServerResponse, body: string) => void;
const sockets = new Set<Socket>();

beforeEach(async () => {
  server = createServer(async (request, response) => answer(response, await text(request)));
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  pool = createPool(new URL(`http://127.0.0.1:${port}`), {}, 2);
  answer = (response, body) => response.end(`got ${body}`);
});
afterEach(async () => {
  pool.cut();
  sockets.clear();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get: SendOptions = { method: 'GET', path: '/', headers: {}, signal: undefined, timeout: undefined };
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => error,
  );

it('keeps connections, and never has more than it may; they gather no listeners', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const ask = async () => text(await pool.send('x', { ...get, method: 'POST' }));
  expect(await Promise.all(Array.from({ length: 60 }, ask))).toEqual(Array(60).fill('got x'));
  for (let index = 0; index < 20; index += 1) await ask();
  expect(sockets.size).toBe(2);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

it('sends what is read as it goes; a source that breaks is the error', async () => {
  const post = { ...get, method: 'POST' };
  expect(await text(await pool.send(Readable.from(['a', 'b']), post))).toBe('got ab');
  const broken = Readable.from(
    (function* () {
      yield 'a';
      throw new Error('the disk is gone');
    })(),
  );
  expect(await failure(pool.send(broken, post))).toMatchObject({ message: 'the disk is gone' });
});

it('gives up on a server that says nothing, before its answer and within it', async () => {
  answer = () => {};
  expect(isLate(await failure(pool.send(undefined, { ...get, timeout: 30 })))).toBe(true);
  answer = (response) => void response.write('half');
  const response = await pool.send(undefined, { ...get, timeout: 30 });
  expect(isLate(await failure(text(response)))).toBe(true);
});

it('when cut, all under way fails, what waits for a connection too; what comes later gets through', async () => {
  answer = () => {};
  const waiting = [1, 2, 3].map(() => failure(pool.send(undefined, get)));
  await expect.poll(() => sockets.size).toBe(2);
  pool.cut();
  for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ message: 'the connection was cut' });
  answer = (response) => response.end('again');
  expect(await text(await pool.send(undefined, get))).toBe('again');
});

it('lets go of one connection when its signal aborts, and of no other', async () => {
  answer = (response, body) => void response.write(body);
  const ending = new AbortController();
  const post = { ...get, method: 'POST' };
  const first = await pool.send('first', { ...post, signal: ending.signal });
  const second = await pool.send('second', post);
  ending.abort();
  expect(await failure(text(first))).toMatchObject({ message: 'aborted' });
  expect(await new Promise((resolve) => second.once('data', (chunk) => resolve(String(chunk))))).toBe('second');
});

it('a request that waits for a connection ends at once when its signal aborts', async () => {
  answer = () => {};
  const busy = [1, 2].map(() => failure(pool.send(undefined, get)));
  await expect.poll(() => sockets.size).toBe(2);
  const ending = new AbortController();
  const waiting = failure(pool.send(undefined, { ...get, signal: ending.signal }));
  ending.abort();
  expect(await waiting).toMatchObject({ message: 'aborted' });
  pool.cut();
  await Promise.all(busy);
});
