import { type Answer, encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createDnsBed, dnsAnswer, queryOf, service, services } from '../testing/dns-bed.ts';
import { answers, type DnsServer, type Exchange } from './exchange.ts';
import { createForwarder, type ForwardRequest } from './forwarder.ts';
import { headerBytes, readQuery, readQuestion } from './wire.ts';

const servers: readonly DnsServer[] = [
  { address: '192.0.2.1', port: 53 },
  { address: '192.0.2.2', port: 53 },
];

interface Scripted {
  readonly rcode?: number;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
}

const soa = (ttl: number, minimum: number): Answer => ({
  name: 'example.org',
  type: 'SOA',
  ttl,
  data: { mname: 'ns.example.org', rname: 'x.example.org', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});
const address = (ttl: number, data = '192.0.2.80'): Answer => ({ name: 'www.example.org', type: 'A', ttl, data });

function respond(request: Buffer, { rcode = 0, answers = [], authorities = [] }: Scripted): Buffer {
  const { raw } = readQuestion(request);
  const rest = encode({ type: 'response', answers, authorities }).subarray(headerBytes);
  const header = Buffer.from(request.subarray(0, headerBytes));
  header.writeUInt16BE(0x8180 | rcode, 2);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, raw, rest]);
}

function setUp(behaviour: (server: string, request: Buffer) => Scripted | Promise<Scripted>) {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const ids = new Set<number>();
  const exchange: Exchange = async (request, { address: server }) => {
    asked.push(server);
    ids.add(request.readUInt16BE(0));
    return respond(request, await behaviour(server, request));
  };
  const log = createSilentLog();
  const random = createSeededRandom(1);
  const forwarder = createForwarder({ servers: () => servers, clock, random, log, exchange });
  const { signal } = new AbortController();
  const request = (name = 'www.example.org', type: 'A' | 'MX' = 'A'): ForwardRequest => ({
    question: readQuery(queryOf(name, type)).question,
    dnssecOk: false,
    checkingDisabled: false,
  });
  const ask = async (name?: string, type?: 'A' | 'MX') => dnsAnswer(await forwarder.ask(request(name, type), signal));
  return { clock, asked, ids, forwarder, ask, request, signal };
}

test('keeps an answer for as long as it says, and tells what is left of that', async () => {
  const { ask, asked, clock } = setUp(() => ({ answers: [address(60)] }));
  expect((await ask()).packet.answers).toMatchObject([{ ttl: 60, data: '192.0.2.80' }]);
  await clock.advance(20_000);
  expect((await ask('WWW.example.ORG')).packet.answers).toMatchObject([{ ttl: 40 }]);
  expect(asked).toHaveLength(1);
  await clock.advance(40_000);
  await ask();
  expect(asked).toHaveLength(2);
});

test('keeps that there is nothing, as long as the SOA record allows; without one not at all', async () => {
  let reply: Scripted = { rcode: 3, authorities: [soa(3600, 7)] };
  const { ask, asked, clock } = setUp(() => reply);
  await ask();
  await clock.advance(6_000);
  expect((await ask()).rcode).toBe(3);
  expect(asked).toHaveLength(1);
  await clock.advance(2_000);
  reply = { rcode: 3 };
  await ask();
  await ask();
  expect(asked).toHaveLength(3);
});

test('an answer that may not be kept is asked for each time, and so is a failure', async () => {
  let reply: Scripted = { answers: [address(0)] };
  const { ask, asked } = setUp(() => reply);
  await ask();
  await ask();
  expect(asked).toHaveLength(2);
  reply = { rcode: 2 };
  expect((await ask('b.example.org')).rcode).toBe(2);
  expect(asked).toHaveLength(5);
});

test('the same question at the same time is asked once; ids are not the same', async () => {
  const { forwarder, request, signal, asked, ids, ask } = setUp(() => ({ answers: [address(60)] }));
  await Promise.all(Array.from({ length: 50 }, () => forwarder.ask(request(), signal)));
  expect(asked).toHaveLength(1);
  for (let i = 0; i < 50; i += 1) await ask(`n${i}.example.org`);
  expect(ids.size).toBeGreaterThan(45);
});

test('asks the next server when one fails, and the failed one last for a while', async () => {
  let dead = true;
  const { ask, asked, clock } = setUp((server) => {
    if (dead && server === '192.0.2.1') throw new Error('no answer');
    return { answers: [address(60)] };
  });
  await ask('a.example.org');
  expect(asked).toEqual(['192.0.2.1', '192.0.2.2']);
  await ask('b.example.org');
  expect(asked.at(-1)).toBe('192.0.2.2');
  expect(asked).toHaveLength(3);
  dead = false;
  await clock.advance(11_000);
  await ask('c.example.org');
  expect(asked.at(-1)).toBe('192.0.2.1');
});

test('gives up after three tries, with the error', async () => {
  const { ask, asked } = setUp(() => Promise.reject(new Error('no answer in 1500 ms')));
  await expect(ask()).rejects.toThrow('no answer in 1500 ms');
  expect(asked).toHaveLength(3);
});

test('asks without EDNS when a server does not know it', async () => {
  const { ask } = setUp((_, request) => (request.readUInt16BE(10) > 0 ? { rcode: 1 } : { answers: [address(60)] }));
  expect((await ask()).answers).toEqual(['A 192.0.2.80']);
});

test('bounds the questions under way', async () => {
  const { forwarder, request, signal } = setUp(() => new Promise(() => undefined));
  for (let i = 0; i < 1_000; i += 1) void forwarder.ask(request(`n${i}.example.org`), signal);
  await expect(forwarder.ask(request('late.example.org'), signal)).rejects.toThrow(/under way/);
});

test('only the answer to the question is taken', () => {
  const request = queryOf('www.example.org', 'A');
  const good = respond(request, { answers: [address(60)] });
  expect(answers(good, request)).toBe(true);
  expect(answers(good.subarray(0, 20), request)).toBe(false);
  expect(answers(request, request)).toBe(false);
  expect(answers(respond(queryOf('evil.example.org', 'A'), {}), request)).toBe(false);
  expect(answers(respond(queryOf('www.example.org', 'MX'), {}), request)).toBe(false);
  const otherId = Buffer.from(good);
  otherId.writeUInt16BE(1, 0);
  expect(answers(otherId, request)).toBe(false);
  const broken = Buffer.from(good);
  broken.writeUInt16BE(9, 6);
  expect(answers(broken, request)).toBe(false);
});

test('what another server says reaches the client under its own id and spelling; too much is truncated', async () => {
  const many = Array.from({ length: 60 }, (_, index) => address(60, `192.0.2.${index}`));
  const { forwarder } = setUp(() => ({ answers: many }));
  const bed = createDnsBed({ forwarder });
  await bed.ready();
  const short = await bed.ask('WwW.example.org');
  expect(short.packet).toMatchObject({ id: 4711, flag_tc: true, questions: [{ name: 'WwW.example.org' }] });
  expect(short.bytes).toBeLessThanOrEqual(512);
  expect(short.answers.length).toBeGreaterThan(5);
  expect(short.packet.additionals).toEqual([]);
  const whole = await bed.ask('www.example.org', 'A', { transport: 'tcp', udpBytes: 1232 });
  expect(whole.answers).toHaveLength(60);
  expect(whole.packet.additionals).toMatchObject([{ type: 'OPT' }]);
  await bed.stop();
});

test('the target of an ExternalName service is resolved, and its failure is no empty answer', async () => {
  let reply: Scripted = {
    answers: [
      { name: 'www.example.org', type: 'CNAME', ttl: 60, data: 'w.example.org' },
      { name: 'w.example.org', type: 'A', ttl: 60, data: '192.0.2.9' },
    ],
  };
  const { forwarder, clock } = setUp(() => reply);
  const bed = createDnsBed({ forwarder });
  await bed.client.create(services, service('out', { type: 'ExternalName', externalName: 'www.example.org' }));
  await bed.ready();
  const name = 'out.default.svc.cluster.local';
  expect((await bed.ask(name)).answers).toEqual(['A 192.0.2.9', 'CNAME w.example.org', 'CNAME www.example.org']);
  await clock.advance(61_000);
  reply = { rcode: 2 };
  expect((await bed.ask(name)).rcode).toBe(2);
  reply = { rcode: 3, authorities: [soa(60, 5)] };
  expect(await bed.ask(name)).toMatchObject({ rcode: 3, answers: ['CNAME www.example.org'] });
  await bed.stop();
});

test('a name of the cluster is never asked for elsewhere', async () => {
  const { forwarder, asked } = setUp(() => ({ answers: [address(60)] }));
  const bed = createDnsBed({ forwarder });
  await bed.ready();
  for (const name of ['nope.default.svc.cluster.local', 'cluster.local', '9.9.42.10.in-addr.arpa']) await bed.ask(name);
  expect(asked).toEqual([]);
  await bed.stop();
});
