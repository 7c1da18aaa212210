import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDnsBed, dnsAnswer, endpointSlices, queryOf, service, services, slice } from '../testing/dns-bed.ts';
import { createFrameReader, frame } from './frames.ts';
import { readQuery } from './wire.ts';

const bed = createDnsBed();

beforeAll(async () => {
  await bed.client.create(services, service('big', { clusterIP: 'None' }));
  const endpoints = Array.from({ length: 200 }, (_, index) => ({ addresses: [`10.42.0.${index + 1}`] }));
  await bed.client.create(endpointSlices, slice('big', endpoints));
  await bed.ready();
});
afterAll(() => bed.stop());

const big = 'big.default.svc.cluster.local';
const truncated = 0x0200;

test('names are compressed, and what does not fit is truncated', async () => {
  const small = await bed.ask(big);
  expect(small.packet.flag_tc).toBe(true);
  expect(small.bytes).toBeLessThanOrEqual(512);
  // 47 bytes of header and question, 16 for each record: a name in full would leave room for eleven.
  expect(small.answers).toHaveLength(29);
  const wide = await bed.ask(big, 'A', { udpBytes: 4096 });
  expect(wide.bytes).toBeLessThanOrEqual(1232);
  expect(wide.packet.flag_tc).toBe(true);
  const whole = await bed.ask(big, 'A', { transport: 'tcp' });
  expect(whole).toMatchObject({ rcode: 0, packet: { flag_tc: false } });
  expect(whole.answers).toHaveLength(200);
});

test('each answer begins with another address', async () => {
  const firsts = new Set<unknown>();
  for (let i = 0; i < 20; i += 1) {
    const [first] = (await bed.ask(big)).packet.answers ?? [];
    firsts.add(first?.type === 'A' ? first.data : undefined);
  }
  expect(firsts.size).toBeGreaterThan(5);
});

test('EDNS is answered with EDNS, of a version that we know', async () => {
  expect((await bed.ask(big)).packet.additionals).toEqual([]);
  const known = await bed.ask(big, 'AAAA', { udpBytes: 1232 });
  expect(known.packet.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, extendedRcode: 0 }]);
  const later = queryOf(big, 'A', { udpBytes: 1232 });
  later.writeUInt8(1, later.length - 11 + 6);
  const answer = dnsAnswer((await bed.raw(later)) ?? Buffer.alloc(0));
  expect(answer.packet.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
});

const rcodeOf = async (message: Buffer): Promise<number | undefined> => {
  const answer = await bed.raw(message);
  return answer && answer.readUInt16BE(2) & 15;
};

test('what cannot be a query gets a refusal or silence', async () => {
  const query = queryOf(big, 'A');
  const changed = (change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(query);
    change(copy);
    return copy;
  };
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(0x8000, 2)))).toBeUndefined();
  expect(await rcodeOf(query.subarray(0, 11))).toBeUndefined();
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(2, 4)))).toBe(1);
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(0, 4)))).toBe(1);
  expect(await rcodeOf(query.subarray(0, query.length - 1))).toBe(1);
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(0x2800, 2)))).toBe(4);
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(3, copy.length - 2)))).toBe(5);
  expect(await rcodeOf(queryOf(big, 'AXFR'))).toBe(5);
  // A name that points to itself, and records that are promised and not there.
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(0xc00c, 12)))).toBe(1);
  expect(await rcodeOf(changed((copy) => copy.writeUInt16BE(0xffff, 6)))).toBe(1);
  const long = Buffer.concat([
    query.subarray(0, 12),
    ...Array.from({ length: 5 }, () => Buffer.alloc(64, 63)),
    Buffer.alloc(5),
  ]);
  expect(await rcodeOf(long)).toBe(1);
});

test('whatever comes, it answers with the right id or not at all, and within the bounds', async () => {
  const damaged = fc
    .tuple(
      fc.constantFrom(queryOf(big, 'A'), queryOf('_x._tcp.big.default.svc.cluster.local', 'SRV', { udpBytes: 4096 })),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 8 }),
      fc.nat(80),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([query, changes, cut, tail]) => {
      const copy = Buffer.concat([query.subarray(0, query.length - (cut < 40 ? 0 : cut % 40)), tail]);
      for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
      return copy;
    });
  const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged, anything), async (message) => {
      const answer = await bed.raw(message);
      if (!answer) return message.length < 12 || (message.readUInt16BE(2) & 0x8000) !== 0;
      return (
        answer.readUInt16BE(0) === message.readUInt16BE(0) &&
        answer.length <= 1232 &&
        (answer.readUInt16BE(2) & 0x8000) !== 0
      );
    }),
    { numRuns: 3_000 },
  );
});

test('a message of nothing but names costs no more than its length', async () => {
  // 5,000 records whose names are pointers to pointers: followed, they would take minutes.
  const head = queryOf(big, 'A');
  head.writeUInt16BE(5_000, 10);
  const record = Buffer.alloc(12);
  const records = Array.from({ length: 5_000 }, (_, index) => {
    const copy = Buffer.from(record);
    copy.writeUInt16BE(0xc000 | Math.min(0x3fff, index === 0 ? 12 : head.length + (index - 1) * 12), 0);
    return copy;
  });
  const message = Buffer.concat([head, ...records]);
  const started = performance.now();
  readQuery(message);
  expect(performance.now() - started).toBeLessThan(500);
});

test('messages of a stream are whole however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map((one) => frame(Buffer.from(one))));
        const read = createFrameReader();
        const got: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          got.push(...read(stream.subarray(at, at + size)));
          at += size;
        }
        expect(got.map((one) => one.toString('hex'))).toEqual(messages.map((one) => Buffer.from(one).toString('hex')));
      },
    ),
  );
});

test('the flags of an answer are those of an answer', async () => {
  const answer = await bed.raw(queryOf(big, 'A'), 'tcp');
  const bits = answer?.readUInt16BE(2) ?? 0;
  expect(bits & 0x8000, 'response').not.toBe(0);
  expect(bits & 0x0400, 'authoritative').not.toBe(0);
  expect(bits & 0x0080, 'recursion available').not.toBe(0);
  expect(bits & truncated).toBe(0);
});
