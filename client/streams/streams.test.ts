import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createRealClock } from '#base/real/clock.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { encodeFrame } from './channels.ts';
import { type ExecRequest, type ExecStreams, exec } from './exec.ts';
import { forwardPort } from './port-forward.ts';

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

interface ServeOptions {
  readonly protocols?: readonly string[];
  readonly refuse?: { code: number; body: object };
}

async function serve(handle: (socket: WebSocket, request: IncomingMessage) => void, options: ServeOptions = {}) {
  const { protocols = ['v5.channel.k8s.io'], refuse } = options;
  const server = createServer();
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((one) => offered.has(one)) ?? false,
  });
  server.on('upgrade', (request, connection, head) => {
    if (refuse) {
      const body = JSON.stringify(refuse.body);
      connection.end(
        `HTTP/1.1 ${refuse.code} No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    sockets.handleUpgrade(request, connection, head, (socket) => handle(socket, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(async () => {
    for (const client of sockets.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const access = { server: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}` };
  const stop = new AbortController();
  const context = { access, clock: createRealClock(), signal: stop.signal };
  return { context, stop };
}

const pod = { namespace: 'default', name: 'web' };
const success = { metadata: {}, status: 'Success' };
const exitCode = (code: number) => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: exit status ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});
const say = (socket: WebSocket, channel: number, data: string | object): void =>
  socket.send(encodeFrame(channel, typeof data === 'string' ? data : JSON.stringify(data)));

async function run(
  context: Parameters<typeof exec>[0],
  request: Partial<ExecRequest> = {},
  streams: ExecStreams = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await exec(
    context,
    { pod, command: ['sh'], ...request },
    {
      stdout(data) {
        stdout += data;
      },
      stderr(data) {
        stderr += data;
      },
      ...streams,
    },
  );
  return { code, stdout, stderr };
}

async function* from<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

test('a command gets its input and its end, and gives output, errors and an exit code', async () => {
  const paths: string[] = [];
  const { context } = await serve((socket, request) => {
    paths.push(request.url ?? '');
    let input = '';
    socket.on('message', (message: Buffer) => {
      if (message[0] === 0) input += message.subarray(1);
      if (message[0] !== 255) return;
      expect(message[1]).toBe(0);
      say(socket, 1, `got ${input}`);
      say(socket, 2, 'warning');
      say(socket, 3, exitCode(3));
      socket.close();
    });
  });
  const result = await run(
    context,
    { command: ['sh', '-c', 'a b'], container: 'c' },
    { stdin: from<Buffer | string>('one ', Buffer.from('two')) },
  );
  expect(result).toEqual({ code: 3, stdout: 'got one two', stderr: 'warning' });
  expect(paths).toEqual([
    '/api/v1/namespaces/default/pods/web/exec?command=sh&command=-c&command=a+b&container=c&stdin=true&stdout=true&stderr=true',
  ]);
});

test('v4 works as well; there the end of the input cannot be told', async () => {
  const channels = new Set<number | undefined>();
  const { context } = await serve(
    (socket) =>
      socket.on('message', (message: Buffer) => {
        channels.add(message[0]);
        say(socket, 3, success);
      }),
    { protocols: ['v4.channel.k8s.io'] },
  );
  expect((await run(context, {}, { stdin: from('x') })).code).toBe(0);
  expect([...channels]).toEqual([0]);
});

test('a terminal tells its size, and has no stderr of its own; without a command it attaches', async () => {
  const seen: string[] = [];
  const { context } = await serve((socket, request) => {
    seen.push(request.url ?? '');
    socket.on('message', (message: Buffer) => {
      seen.push(`${message[0]} ${message.subarray(1)}`);
      say(socket, 3, success);
    });
  });
  const pending = { pod, tty: true };
  await exec(context, pending, { stdout() {}, stderr() {}, sizes: from({ columns: 80, rows: 24 }) });
  expect(seen).toEqual([
    '/api/v1/namespaces/default/pods/web/attach?stdout=true&tty=true',
    '4 {"Width":80,"Height":24}',
  ]);
});

test('why a command could not be run is the error', async () => {
  const { context } = await serve((socket) =>
    say(socket, 3, { status: 'Failure', reason: 'InternalError', code: 500, message: 'executable not found: nope' }),
  );
  await expect(run(context)).rejects.toMatchObject({ code: 500, message: 'executable not found: nope' });
  const plain = await serve((socket) => say(socket, 3, 'runtime on fire'));
  await expect(run(plain.context)).rejects.toThrow('runtime on fire');
});

test('a refused upgrade carries the server’s words', async () => {
  const body = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'pods "web" is forbidden: no' };
  const { context } = await serve(() => {}, { refuse: { code: 403, body } });
  await expect(run(context)).rejects.toMatchObject({ code: 403, reason: 'Forbidden', message: body.message });
});

test('a server that is not there, a connection that breaks, and one that ends too soon', async () => {
  const { context } = await serve((socket) => socket.terminate());
  await expect(run(context)).rejects.toThrow(/the connection to .* broke/);
  const early = await serve((socket) => socket.close());
  await expect(run(early.context)).rejects.toThrow('the connection ended before the command did');
  const nobody = { ...context, access: { server: 'https://127.0.0.1:1' } };
  await expect(run(nobody)).rejects.toThrow('cannot reach the API server at https://127.0.0.1:1: connection refused');
});

test('the signal ends it, before and after the connection stands', async () => {
  const { context, stop } = await serve((socket) => say(socket, 1, 'running'));
  const running = run(context, {}, { stdout: () => stop.abort(new Error('enough')) });
  await expect(running).rejects.toThrow('enough');
  await expect(run(context)).rejects.toThrow('enough');
});

test('a slow reader slows the sender, and loses nothing', async () => {
  const count = 400;
  let sentAll = false;
  let heldBack = false;
  const { context } = await serve((socket) => {
    let left = count;
    const next = (): void => {
      if (left-- > 0) socket.send(encodeFrame(1, Buffer.alloc(64 * 1024, 'x')), next);
      else {
        sentAll = true;
        say(socket, 3, success);
      }
    };
    next();
  });
  let bytes = 0;
  let gate: Promise<void> | undefined;
  await exec(
    context,
    { pod, command: ['cat'] },
    {
      async stdout(data) {
        bytes += data.length;
        gate ??= new Promise((resolve) => setTimeout(resolve, 200)).then(() => {
          heldBack = !sentAll;
        });
        await gate;
      },
    },
  );
  expect(bytes).toBe(count * 64 * 1024);
  expect(heldBack).toBe(true);
});

test('a connection that no longer answers is given up', async () => {
  const clock = createVirtualClock();
  const { context } = await serve((socket) => {
    socket.pause();
  });
  const running = run({ ...context, clock }).catch((error: unknown) => error);
  await expect.poll(() => clock.pendingTimers).toBe(1);
  await clock.advance(15_000);
  await clock.advance(15_000);
  expect(String(await running)).toMatch(/the connection to .* broke/);
  expect(clock.pendingTimers).toBe(0);
});

const head = (port: number): Buffer => Buffer.of(port & 255, port >> 8);

test('a port is forwarded both ways', async () => {
  const { context } = await serve(
    (socket, request) => {
      expect(request.url).toBe('/api/v1/namespaces/default/pods/web/portforward?ports=8080');
      socket.send(encodeFrame(0, head(8080)));
      socket.send(encodeFrame(1, head(8080)));
      socket.on('message', (message: Buffer) => {
        socket.send(encodeFrame(0, `echo ${message.subarray(1)}`));
        socket.close();
      });
    },
    { protocols: ['v4.channel.k8s.io'] },
  );
  const connection = await forwardPort(context, pod, 8080);
  await connection.send(Buffer.from('hello'));
  const answers = await Array.fromAsync(connection.data);
  expect(answers.map(String)).toEqual(['echo hello']);
});

test('a port that nobody listens on is an error that says so', async () => {
  const { context } = await serve(
    (socket) => {
      socket.send(encodeFrame(1, Buffer.concat([head(81), Buffer.from('connection refused\n')])));
    },
    { protocols: ['v4.channel.k8s.io'] },
  );
  const connection = await forwardPort(context, pod, 81);
  await expect(Array.fromAsync(connection.data)).rejects.toThrow('cannot forward to port 81: connection refused');
  connection.close();
});
