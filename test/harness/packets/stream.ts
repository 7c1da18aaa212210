/**
 * Programs of the packet bed. `node stream.ts serve PORT` sends without end to whoever connects;
 * `node stream.ts read ADDRESS PORT SECONDS` prints the bytes per second that it got;
 * `node stream.ts connect ADDRESS PORT SECONDS` prints how many connections per second it made and closed, 8 at a time.
 */
import { connect, createServer, type Socket } from 'node:net';

const [mode = '', ...rest] = process.argv.slice(2);

function serve(port: number): void {
  const chunk = Buffer.alloc(256 * 1024);
  createServer((socket) => {
    const fill = (): void => {
      while (socket.write(chunk));
    };
    socket.on('drain', fill);
    socket.on('error', () => undefined);
    // Those that only connect go away at once.
    socket.once('data', fill);
  }).listen(port, '0.0.0.0', () => console.log('up'));
}

function read(host: string, port: number, seconds: number): void {
  let bytes = 0;
  const socket = connect({ host, port }, () => socket.write('go'));
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  setTimeout(() => {
    console.log(bytes / seconds);
    process.exit();
  }, seconds * 1000);
}

async function connectOften(host: string, port: number, seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  let made = 0;
  const one = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve(socket));
      socket.on('error', reject);
    });
  const work = async (): Promise<void> => {
    while (performance.now() < endMs) {
      (await one()).resetAndDestroy();
      made += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  console.log(made / seconds);
}

const [first = '', port = '', seconds = ''] = rest;
if (mode === 'serve') serve(Number(first));
else if (mode === 'read') read(first, Number(port), Number(seconds));
else await connectOften(first, Number(port), Number(seconds));
