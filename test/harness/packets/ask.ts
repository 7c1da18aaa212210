/**
 * `node ask.ts PROTOCOL ADDRESS PORT COUNT [LOCAL-PORT]`: asks one after the other and prints each answer, or why there was none.
 * A program of the packet bed.
 */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [protocol, address = '', port, count, localPort] = process.argv.slice(2);
const waitMs = 700;

const overTcp = (): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: address, port: Number(port), ...(localPort && { localPort: Number(localPort) }) });
    socket.setTimeout(waitMs, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', (error) => resolve(String(Reflect.get(error, 'code'))));
    socket.on('close', () => resolve(answer));
  });

const overUdp = (): Promise<string> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    const settle = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => settle('ETIMEDOUT'), waitMs);
    socket.once('message', (data) => settle(data.toString()));
    socket.once('error', (error) => settle(String(Reflect.get(error, 'code'))));
    // Connected, so that the kernel tells of a refusal.
    socket.bind(Number(localPort ?? 0), () => socket.connect(Number(port), address, () => socket.send('?')));
  });

for (let left = Number(count); left > 0; left--) console.log(await (protocol === 'udp' ? overUdp() : overTcp()));
