import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { dnsAnswer, endpointSlices, queryOf, service, services, slice } from '../testing/dns-bed.ts';
import { createClusterDns } from './cluster-dns.ts';
import type { DnsServer } from './exchange.ts';
import { createFrameReader, frame } from './frames.ts';

const clock = createRealClock();
const random = createRealRandom();
const log = createSilentLog();
const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function start(upstream: readonly DnsServer[] = []) {
  const client = createMemoryClient({ clock, random });
  await client.create(services, service('web', { clusterIP: '10.43.0.7', ports: [{ name: 'http', port: 80 }] }));
  await client.create(services, service('big', { clusterIP: 'None' }));
  const endpoints = Array.from({ length: 300 }, (_, index) => ({
    addresses: [`10.42.${Math.floor(index / 200)}.${(index % 200) + 1}`],
  }));
  await client.create(endpointSlices, slice('big', endpoints));
  let away = false;
  const reached = interceptClient(client, () => {
    if (away) throw serviceUnavailable('the server is away');
  });
  const informers = createInformerFactory(reached, { clock, random, log });
  const dns = createClusterDns({
    informers,
    domain: 'cluster.local',
    clusterDns: '10.43.0.10',
    networks: ['10.42.0.0/16', '10.43.0.0/16'],
    upstream: { servers: () => upstream, refresh: async () => undefined },
    listen: { port: 0 },
    clock,
    random,
    log,
  });
  const controller = new AbortController();
  informers.start(controller.signal);
  const running = dns.run(controller.signal);
  endings.push(async () => {
    controller.abort();
    await running;
    await informers.stopped();
  });
  dns.setListenAddress('127.0.0.1');
  const port = await expect
    .poll(() => dns.listening?.port)
    .toBeGreaterThan(0)
    .then(() => dns.listening?.port ?? 0);
  await informers.waitForSync(controller.signal);
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const leave = (): void => {
    away = true;
    client.dropWatches();
  };
  return { client, dns, port, resolver, leave };
}

/** A name server that says what it is told to. */
async function upstreamServer(answer: (query: Buffer, tcp: boolean) => Buffer | undefined): Promise<DnsServer> {
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    const read = createFrameReader();
    socket.on('data', (chunk: Buffer) => {
      for (const query of read(chunk)) {
        const reply = answer(query, true);
        if (reply) socket.write(frame(reply));
      }
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const bound = tcp.address();
  const port = typeof bound === 'object' && bound ? bound.port : 0;
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const reply = answer(query, false);
    if (reply) udp.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
  endings.push(async () => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
    udp.close();
  });
  return { address: '127.0.0.1', port };
}

/** An A record for whatever is asked. */
function addressReply(query: Buffer, address: readonly number[], flags = 0x8180): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const copy = Buffer.from(query.subarray(0, end));
  copy.writeUInt16BE(flags, 2);
  copy.writeUInt16BE(flags & 0x0200 ? 0 : 1, 6);
  copy.writeUInt16BE(0, 10);
  if (flags & 0x0200) return copy;
  return Buffer.concat([copy, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address])]);
}

test('resolves by UDP, and by TCP what is too long for that', async () => {
  const { resolver } = await start();
  expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.43.0.7']);
  expect(await resolver.resolveSrv('_http._tcp.web.default.svc.cluster.local')).toMatchObject([
    { name: 'web.default.svc.cluster.local', port: 80 },
  ]);
  expect(await resolver.reverse('10.43.0.7')).toEqual(['web.default.svc.cluster.local']);
  expect(await resolver.resolve4('big.default.svc.cluster.local')).toHaveLength(300);
  await expect(resolver.resolve4('nope.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(resolver.resolve6('web.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('www.example.org')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});

test('asks another server for all other names, by TCP when its answer was cut off, and keeps the answer', async () => {
  const asked: string[] = [];
  const server = await upstreamServer((query, tcp) => {
    asked.push(tcp ? 'tcp' : 'udp');
    return addressReply(query, [192, 0, 2, 80], tcp ? 0x8180 : 0x8380);
  });
  const { resolver } = await start([server]);
  expect(await resolver.resolve4('www.example.org')).toEqual(['192.0.2.80']);
  expect(await resolver.resolve4('www.example.org')).toEqual(['192.0.2.80']);
  expect(asked).toEqual(['udp', 'tcp']);
});

test('a forged answer is not taken, and the right one still is', async () => {
  const server = await upstreamServer((query) => addressReply(query, [192, 0, 2, 80]));
  const forged = await upstreamServer((query) => {
    const reply = addressReply(query, [203, 0, 113, 66]);
    reply.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
    return reply;
  });
  const { resolver } = await start([forged, server]);
  const patient = new Resolver({ timeout: 4_000, tries: 1 });
  patient.setServers(resolver.getServers());
  expect(await patient.resolve4('www.example.org')).toEqual(['192.0.2.80']);
});

test('several questions in one connection, and one that is no question ends it', async () => {
  const { port } = await start();
  const socket = connect(port, '127.0.0.1');
  const read = createFrameReader();
  const got: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => got.push(...read(chunk)));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const query = queryOf('web.default.svc.cluster.local', 'A');
  socket.write(Buffer.concat([frame(query), frame(query), frame(query)]));
  await expect.poll(() => got.length).toBe(3);
  expect(got.map((one) => dnsAnswer(one).answers)).toEqual([['A 10.43.0.7'], ['A 10.43.0.7'], ['A 10.43.0.7']]);
  socket.write(frame(Buffer.from('x')));
  await closed;
});

test('one client gets no more than its share of connections', async () => {
  const { port } = await start();
  const sockets = Array.from({ length: 60 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  const open = () => sockets.filter((socket) => !socket.closed && !socket.connecting).length;
  await expect.poll(open).toBe(32);
  for (const socket of sockets) socket.destroy();
});

test('moves to another address when it is told to', async () => {
  const { dns } = await start();
  dns.setListenAddress('127.0.0.2');
  await expect.poll(() => dns.listening?.address).toBe('127.0.0.2');
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.2:${dns.listening?.port}`]);
  expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.43.0.7']);
});

test('waits for an address that is not there yet', async () => {
  const { dns } = await start();
  dns.setListenAddress('192.0.2.1');
  await expect.poll(() => dns.listening).toBeUndefined();
  dns.setListenAddress('127.0.0.1');
  await expect.poll(() => dns.listening?.address).toBe('127.0.0.1');
});

test('goes on answering from what it knows while the server is away', async () => {
  const { resolver, leave, client } = await start();
  leave();
  await expect.poll(() => client.watches).toBe(0);
  expect(await resolver.resolve4('web.default.svc.cluster.local')).toEqual(['10.43.0.7']);
  expect(await resolver.resolve4('big.default.svc.cluster.local')).toHaveLength(300);
});
