/** exec, attach, logs and port-forward through @kubernetes/client-node, on real containers. */
import { connect, createServer } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { Attach, CoreV1Api, Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

let cluster: TestCluster;
let config: KubeConfig;
const namespace = 'default';

const pod = (name: string, command: readonly string[] | undefined, stdin = false, restartPolicy = 'Always'): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'berth.local/hello:1', stdin, ...(command && { command }) }],
    },
  });

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 105 });
  config = new KubeConfig();
  config.loadFromFile(cluster.layout.kubeconfig);
  await cluster.apply(
    `{"apiVersion":"v1","kind":"List","items":[${[
      pod('server', undefined),
      pod('talker', ['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 0.3; done'], false, 'Never'),
      pod('echo', ['sh', '-c', 'while read x; do echo got $x; done'], true),
    ].join()}]}`,
  );
  await cluster.k('wait', 'pod/server', 'pod/echo', '--for=condition=Ready', '--timeout=60s');
});
afterAll(() => cluster?.destroy());

interface Collected {
  readonly stream: Writable;
  text(): string;
}

function collector(): Collected {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream, text: () => text };
}

it('exec: output, errors, stdin that ends, and the exit code', async () => {
  const out = collector();
  const err = collector();
  const stdin = new PassThrough();
  const status = new Promise<V1Status>((resolve, reject) => {
    const command = ['sh', '-c', 'head -n 1; echo oops >&2; exit 5'];
    new Exec(config)
      .exec(namespace, 'server', 'main', command, out.stream, err.stream, stdin, false, resolve)
      .catch(reject);
  });
  stdin.end('hello\n');
  expect(await status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '5' }] },
  });
  expect(out.text()).toBe('hello\n');
  expect(err.text()).toBe('oops\n');
});

it('exec in a container that is not there fails', async () => {
  const exec = new Exec(config).exec(namespace, 'server', 'none', ['true'], null, null, null, false);
  await expect(exec).rejects.toBeDefined();
});

it('attach reaches the process itself', async () => {
  const out = collector();
  const stdin = new PassThrough();
  const socket = await new Attach(config).attach(namespace, 'echo', 'main', out.stream, null, stdin, false);
  stdin.write('hello\n');
  await eventually(() => expect(out.text()).toBe('got hello\n'));
  socket.close();
});

it('logs are followed to their end', async () => {
  const out = collector();
  await new Log(config).log(namespace, 'talker', 'main', out.stream, { follow: true });
  await eventually(() => out.stream.writableFinished);
  expect(out.text()).toBe('line 1\nline 2\nline 3\n');
  const core = config.makeApiClient(CoreV1Api);
  expect(await core.readNamespacedPodLog({ namespace, name: 'talker', tailLines: 1 })).toBe('line 3\n');
});

it('port-forward carries a request', async () => {
  const forward = new PortForward(config);
  const listener = createServer((socket) => {
    forward.portForward(namespace, 'server', [8080], socket, null, socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const client = connect(port, '127.0.0.1');
  let text = '';
  client.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  client.write('GET / HTTP/1.0\r\n\r\n');
  await eventually(() => expect(text).toContain('<h1>Hello from Berth</h1>'));
  client.destroy();
  await new Promise((resolve) => listener.close(resolve));
});
