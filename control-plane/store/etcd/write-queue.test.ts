import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TxnRequest, TxnResponse } from '#proto/generated/etcd/rpc.ts';
import { StoreError } from '../errors.ts';
import { createWriteQueue, defaultWriteQueueLimits, type WriteQueueLimits } from './write-queue.ts';

interface Call {
  readonly keys: readonly string[];
  readonly bytes: number;
  answer(error?: Error): void;
}

/** Takes calls and answers them when told; every nested transaction succeeds. */
function scripted(limits: Partial<WriteQueueLimits> = {}, ownRevision: readonly string[] = []) {
  const calls: Call[] = [];
  let revision = 1;
  const txn = (request: TxnRequest): Promise<TxnResponse> =>
    new Promise((resolve, reject) => {
      const puts = request.success.map((nested) => nested.requestTxn?.success[0]?.requestPut);
      calls.push({
        keys: puts.map((put) => String(put?.key)),
        bytes: puts.reduce((sum, put) => sum + (put?.key.length ?? 0) + (put?.value.length ?? 0), 0),
        answer: (error) => (error ? reject(error) : resolve(responseTo(puts.length, ++revision))),
      });
    });
  const queue = createWriteQueue({
    txn,
    limits: { ...defaultWriteQueueLimits, ...limits },
    ownRevision,
  });
  const put = (key: string, size = 1) => queue.write({ key, value: Buffer.alloc(size), expectedRevision: 0 });
  return { calls, put };
}

function responseTo(count: number, revision: number): TxnResponse {
  const header = { revision: String(revision) };
  const nested = { responseTxn: { header, succeeded: true, responses: [] } };
  return { header, succeeded: true, responses: Array.from({ length: count }, () => nested) };
}

const grpcError = (code: number, details: string) => Object.assign(new Error(`${code}: ${details}`), { code, details });
const refusal = () => grpcError(status.INVALID_ARGUMENT, 'etcdserver: something is wrong');

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('sends what is written in one turn together, under one revision', async () => {
    const { calls, put } = scripted();
    const writes = ['/a', '/b', '/c'].map((key) => put(key));
    await settle();
    expect(calls.map(({ keys }) => keys)).toEqual([['/a', '/b', '/c']]);
    calls[0]?.answer();
    expect(await Promise.all(writes)).toEqual([{ revision: 2 }, { revision: 2 }, { revision: 2 }]);
  });

  test('gives keys under some prefixes a revision each', async () => {
    const { calls, put } = scripted({ groupsInFlightMax: 1 }, ['/slices/']);
    const writes = ['/slices/a', '/b', '/slices/c', '/d', '/slices/e'].map((key) => put(key));
    for (let n = 0; n < 3; n++) {
      await settle();
      calls[n]?.answer();
    }
    await Promise.all(writes);
    expect(calls.map(({ keys }) => keys)).toEqual([['/slices/a', '/b', '/d'], ['/slices/c'], ['/slices/e']]);
  });

  test('never puts two writes to one key into one group', async () => {
    const { calls, put } = scripted({ groupsInFlightMax: 1 });
    const writes = ['/a', '/b', '/a', '/c', '/a'].map((key) => put(key));
    for (let n = 0; n < 3; n++) {
      await settle();
      calls[n]?.answer();
    }
    await Promise.all(writes);
    expect(calls.map(({ keys }) => keys)).toEqual([['/a', '/b', '/c'], ['/a'], ['/a']]);
  });

  test('keeps to its limits and loses nothing, whatever is written', async () => {
    const write = fc.record({ key: fc.integer({ min: 0, max: 20 }), size: fc.integer({ min: 0, max: 400 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 200 }), async (writes) => {
        const limits = { groupWritesMax: 8, groupBytesMax: 1000, groupsInFlightMax: 3, groupWritesWorthwhile: 2 };
        const { calls, put } = scripted(limits);
        const done = Promise.all(writes.map(({ key, size }) => put(`/${key}`, size)));
        let answered = 0;
        do {
          await settle();
          expect(calls.length - answered).toBeLessThanOrEqual(3);
          calls[answered++]?.answer();
        } while (answered <= calls.length);
        await done;
        for (const { keys, bytes } of calls) {
          expect(keys.length).toBeLessThanOrEqual(8);
          expect(keys.length === 1 || bytes <= 1000).toBe(true);
          expect(new Set(keys).size).toBe(keys.length);
        }
        expect(calls.flatMap(({ keys }) => keys).sort()).toEqual(writes.map(({ key }) => `/${key}`).sort());
      }),
      { numRuns: 50 },
    );
  });

  test('lets a few more writes gather while a group is under way', async () => {
    const { calls, put } = scripted({ groupWritesWorthwhile: 3 });
    void put('/a');
    await settle();
    void put('/b');
    void put('/c');
    await settle();
    expect(calls).toHaveLength(1);
    void put('/d');
    await settle();
    expect(calls.map(({ keys }) => keys)).toEqual([['/a'], ['/b', '/c', '/d']]);
    void put('/e');
    calls[0]?.answer();
    await settle();
    expect(calls, 'one is still under way').toHaveLength(2);
    calls[1]?.answer();
    await settle();
    expect(calls).toHaveLength(3);
  });

  test('when etcd refuses a group as a whole, tries every write alone', async () => {
    const { calls, put } = scripted();
    const writes = Promise.allSettled(['/a', '/bad', '/c'].map((key) => put(key)));
    await settle();
    calls[0]?.answer(refusal());
    await settle();
    expect(calls.slice(1).map(({ keys }) => keys)).toEqual([['/a'], ['/bad'], ['/c']]);
    for (const call of calls.slice(1)) {
      call.answer(call.keys[0] === '/bad' ? refusal() : undefined);
    }
    expect((await writes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('does not try again when it is open whether etcd has written', async () => {
    const { calls, put } = scripted();
    const writes = Promise.allSettled(['/a', '/b'].map((key) => put(key)));
    await settle();
    calls[0]?.answer(grpcError(status.UNAVAILABLE, 'connection lost'));
    const outcomes = await writes;
    expect(calls).toHaveLength(1);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  });

  test('refuses more when too many are waiting', async () => {
    const { put } = scripted({ waitingMax: 2 });
    void put('/a');
    void put('/b');
    await expect(put('/c')).rejects.toBeInstanceOf(StoreError);
  });
});
