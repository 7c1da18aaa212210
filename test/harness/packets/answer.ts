/** `node answer.ts NAME PORT`: says its name and who asks, to every TCP connection and UDP packet. A program of the packet bed. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [name = '', port = ''] = process.argv.slice(2);
const tcp = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}`);
});
const udp = createSocket('udp4', (_data, { address, port: from }) => udp.send(`${name} ${address}`, from, address));
tcp.listen(Number(port), '0.0.0.0', () => udp.bind(Number(port), '0.0.0.0', () => console.log('up')));
