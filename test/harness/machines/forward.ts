import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** Path sockets are not bound to a network namespace: this is how the test's own process reaches into a machine. */
const relay = `
const net = require('node:net');
net.createServer((from) => {
  const to = net.connect(Number(process.argv[2]), '127.0.0.1');
  from.pipe(to).pipe(from);
  from.on('error', () => to.destroy());
  to.on('error', () => from.destroy());
}).listen(process.argv[1], () => console.log('ready'));
process.stdin.resume().on('end', () => process.exit());
`;

export interface Forward {
  /** On 127.0.0.1 of the test's own process. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Leads a port of this process to a port on the machine's 127.0.0.1. */
export async function startForward(namespace: string, folder: string, port: number): Promise<Forward> {
  const path = join(folder, `forward-${port}.sock`);
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${namespace}`, '--', process.execPath, '-e', relay, path, `${port}`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH },
    },
  );
  const ended = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`nothing forwards port ${port} of ${namespace}`))),
  ]);
  const server = createServer((from) => {
    const to = connect(path);
    from.pipe(to).pipe(from);
    from.on('error', () => to.destroy());
    to.on('error', () => from.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port to forward from');
  return {
    port: address.port,
    async stop() {
      server.close();
      child.stdin.end();
      await ended;
    },
  };
}
