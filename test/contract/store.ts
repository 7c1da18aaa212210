/** What every Store must do, as one suite: `runStoreContract('memory', makeStore)`. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { StoreError, type StoreErrorCode } from '#control-plane/store/errors.ts';
import type { Revision, Store, StoreBatch, StoreChange } from '#control-plane/store/store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass: virtual, or real. */
  readonly passTime: (ms: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

const value = (text: string): Buffer => Buffer.from(text);
let folders = 0;

export interface RestartableStore extends StoreUnderTest {
  /** Kills what is behind the store and starts it again. */
  readonly restart: () => Promise<void>;
}

export function runStoreContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let made: StoreUnderTest;
    let store: Store;
    beforeAll(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterAll(async () => made?.end());

    /** Every test has keys of its own, so that one store serves them all. */
    const folder = (): string => `/contract/${folders++}/`;
    const create = async (key: string, text = 'v'): Promise<Revision> =>
      (await store.create(key, value(text))).revision;

    describe('conditional writes', () => {
      test('what is created can be read, with its revisions', async () => {
        const at = folder();
        const { revision } = await store.create(`${at}a`, value('one'));
        expect(await store.get(`${at}a`)).toEqual({
          key: `${at}a`,
          value: value('one'),
          createRevision: revision,
          revision,
        });
      });

      test('what is not there is undefined', async () => {
        expect(await store.get(`${folder()}none`)).toBeUndefined();
      });

      test('a second create fails with what is there', async () => {
        const at = folder();
        const revision = await create(`${at}a`, 'one');
        const error = await failure(store.create(`${at}a`, value('two')), 'exists');
        expect(error.current).toMatchObject({ revision, value: value('one') });
        expect((await store.get(`${at}a`))?.value).toEqual(value('one'));
      });

      test('an update needs the revision that is there and keeps the create revision', async () => {
        const at = folder();
        const created = await create(`${at}a`, 'one');
        const { revision } = await store.update(`${at}a`, value('two'), created);
        expect(revision).toBeGreaterThan(created);
        const error = await failure(store.update(`${at}a`, value('three'), created), 'conflict');
        expect(error.current).toMatchObject({ revision, createRevision: created, value: value('two') });
        expect(await store.get(`${at}a`)).toMatchObject({ revision, createRevision: created, value: value('two') });
      });

      test('a delete needs the revision that is there', async () => {
        const at = folder();
        const created = await create(`${at}a`);
        await failure(store.delete(`${at}a`, created + 1), 'conflict');
        const { revision } = await store.delete(`${at}a`, created);
        expect(revision).toBeGreaterThan(created);
        expect(await store.get(`${at}a`)).toBeUndefined();
      });

      test('writes to what is gone fail and say that nothing is there', async () => {
        const at = folder();
        const created = await create(`${at}a`);
        await store.delete(`${at}a`, created);
        expect((await failure(store.update(`${at}a`, value('two'), created), 'conflict')).current).toBeUndefined();
        expect((await failure(store.delete(`${at}a`, created), 'conflict')).current).toBeUndefined();
      });

      test('created again after a delete, it has a new create revision', async () => {
        const at = folder();
        const first = await create(`${at}a`);
        await store.delete(`${at}a`, first);
        const second = await create(`${at}a`);
        expect((await store.get(`${at}a`))?.createRevision).toBe(second);
        expect(second).toBeGreaterThan(first);
      });

      test('of many writers at once exactly one wins', async () => {
        const at = folder();
        const outcomes = await Promise.allSettled(range(50).map((n) => store.create(`${at}a`, value(`${n}`))));
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const entry = await store.get(`${at}a`);
        const updates = await Promise.allSettled(
          range(50).map((n) => store.update(`${at}a`, value(`${n}`), entry?.revision ?? 0)),
        );
        expect(updates.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });

      test('of many writes at once those that fail do not harm the others', async () => {
        const at = folder();
        await create(`${at}7`);
        const outcomes = await Promise.allSettled(range(200).map((n) => store.create(`${at}${n}`, value(`${n}`))));
        expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(range(200).map((n) => n !== 7));
        expect((await store.list(at)).entries).toHaveLength(200);
      });

      test('two who count with optimistic retries lose nothing', async () => {
        const key = `${folder()}count`;
        await create(key, '0');
        const addOne = async (): Promise<void> => {
          for (;;) {
            const entry = await store.get(key);
            const next = value(String(Number(entry?.value) + 1));
            const done = await store.update(key, next, entry?.revision ?? 0).catch((error: unknown) => {
              if (error instanceof StoreError && error.code === 'conflict') return undefined;
              throw error;
            });
            if (done) return;
          }
        };
        await Promise.all(
          range(2).map(async () => {
            for (const _ of range(20)) await addOne();
          }),
        );
        expect(String((await store.get(key))?.value)).toBe('40');
      });

      test('bytes come back as they were', async () => {
        const key = `${folder()}bytes`;
        const bytes = Buffer.from(range(256));
        await store.create(key, bytes);
        expect((await store.get(key))?.value.equals(bytes)).toBe(true);
      });

      test('big values are kept, bigger ones than the limit are refused clearly', async () => {
        const at = folder();
        const big = Buffer.alloc(1024 * 1024, 'x');
        await store.create(`${at}big`, big);
        expect((await store.get(`${at}big`))?.value.equals(big)).toBe(true);
        const tooBig = Buffer.alloc(1.5 * 1024 * 1024 + 1, 'x');
        const error = await failure(store.create(`${at}too-big`, tooBig), 'too-large');
        expect(error.message).toContain('bytes');
        expect(await store.get(`${at}too-big`)).toBeUndefined();
      });

      test('many big values written at once all arrive', async () => {
        const at = folder();
        const big = Buffer.alloc(700 * 1024, 'x');
        await Promise.all(range(8).map((n) => store.create(`${at}${n}`, big)));
        expect((await store.list(at)).entries.map((entry) => entry.value.length)).toEqual(
          range(8).map(() => big.length),
        );
      });

      test('a write whose signal has aborted is not made', async () => {
        const key = `${folder()}a`;
        await expect(store.create(key, value('v'), { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(StoreError);
        expect(await store.get(key)).toBeUndefined();
      });
    });

    describe('lists', () => {
      test('are in key order and end at the prefix', async () => {
        const at = folder();
        await create(`${at.slice(0, -1)}0outside`);
        for (const name of ['c', 'a', 'b/2', 'b', 'b-1']) await create(`${at}${name}`);
        const { entries, more, remaining } = await store.list(at);
        expect(entries.map(({ key }) => key.slice(at.length))).toEqual(['a', 'b', 'b-1', 'b/2', 'c']);
        expect({ more, remaining }).toEqual({ more: false, remaining: 0 });
      });

      test('of nothing are empty and have a revision', async () => {
        const page = await store.list(folder());
        expect(page.entries).toEqual([]);
        expect(page.revision).toBeGreaterThan(0);
      });

      test('in pages at one revision show one moment, whatever is written meanwhile', async () => {
        const at = folder();
        for (const n of range(5)) await create(`${at}${n}`);
        const first = await store.list(at, { limit: 2 });
        expect(first).toMatchObject({ more: true, remaining: 3 });
        await create(`${at}25`);
        const three = await store.get(`${at}3`);
        await store.delete(`${at}3`, three?.revision ?? 0);
        const second = await store.list(at, { limit: 2, afterKey: `${at}1`, atRevision: first.revision });
        expect(second).toMatchObject({ more: true, remaining: 1, revision: first.revision });
        const third = await store.list(at, { limit: 2, afterKey: `${at}3`, atRevision: first.revision });
        expect(third).toMatchObject({ more: false, remaining: 0, revision: first.revision });
        const keys = [first, second, third].flatMap(({ entries }) => entries.map(({ key }) => key.slice(at.length)));
        expect(keys).toEqual(['0', '1', '2', '3', '4']);
      });

      test('at a past revision show the values of then', async () => {
        const at = folder();
        const created = await create(`${at}a`, 'old');
        await store.update(`${at}a`, value('new'), created);
        const { entries } = await store.list(at, { atRevision: created });
        expect(entries).toEqual([{ key: `${at}a`, value: value('old'), revision: created, createRevision: created }]);
      });

      test('at a future revision fail', async () => {
        const future = (await store.currentRevision()) + 1000;
        await failure(store.list(folder(), { atRevision: future }), 'future-revision');
      });

      test('bigger than 4 MiB arrive', async () => {
        const at = folder();
        const big = Buffer.alloc(900 * 1024, 'x');
        for (const n of range(6)) await store.create(`${at}${n}`, big);
        expect((await store.list(at)).entries).toHaveLength(6);
      });
    });

    describe('watches', () => {
      test('tell creates, updates and deletes in order, with what was there before', async () => {
        const at = folder();
        const from = await store.currentRevision();
        const created = await create(`${at}a`, 'one');
        const updated = (await store.update(`${at}a`, value('two'), created)).revision;
        const deleted = (await store.delete(`${at}a`, updated)).revision;
        const key = `${at}a`;
        const changes = await collect(store, at, from, (all) => all.length === 3);
        const one = { key, value: value('one'), revision: created, createRevision: created };
        const two = { key, value: value('two'), revision: updated, createRevision: created };
        expect(changes[0]).toEqual({ type: 'put', ...one });
        expect(changes[1]).toEqual({ type: 'put', ...two, previous: one });
        expect(changes[2]).toMatchObject({ type: 'delete', key, revision: deleted, previous: two });
        expect(changes[2]?.value).toBeUndefined();
      });

      test('without a revision start now', async () => {
        const at = folder();
        await create(`${at}before`);
        const stop = new AbortController();
        const seen: string[] = [];
        const batches = store.watch(at, { signal: stop.signal })[Symbol.asyncIterator]();
        let pending = batches.next();
        for (let n = 0; seen.length === 0; n++) {
          // When exactly "now" is nobody knows from outside: write until it is told.
          await create(`${at}after-${n}`);
          const batch = await Promise.race([pending, made.passTime(20)]);
          if (!batch) continue;
          if (!batch.done) seen.push(...batch.value.changes.map(({ key }) => key));
          pending = batches.next();
        }
        stop.abort();
        expect(seen[0]).toContain('after-');
      });

      test('from any revision of the past tell all that came after it, once', async () => {
        const at = folder();
        const start = await store.currentRevision();
        await Promise.all(range(150).map((n) => create(`${at}${n}`)));
        const all = await collect(store, at, start, (changes) => changes.length === 150);
        expect(new Set(all.map(({ key }) => key)).size).toBe(150);
        const revisions = [...new Set(all.map(({ revision }) => revision))];
        for (const revision of [start, ...revisions.slice(0, -1)]) {
          const expected = all.filter((change) => change.revision > revision);
          const told = await collect(store, at, revision, (changes) => changes.length >= expected.length);
          expect(told.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
        }
      });

      test('never split a revision, although writes made together share one', async () => {
        const at = folder();
        const start = await store.currentRevision();
        const written = await Promise.all(range(300).map((n) => create(`${at}${n}`)));
        expect(new Set(written).size, 'writes made together are grouped').toBeLessThan(300);
        const batches = await collectBatches(store, at, start, (changes) => changes.length === 300);
        const lastOfBatch = new Map<number, number>();
        for (const [index, batch] of batches.entries()) {
          for (const { revision } of batch.changes) {
            expect(lastOfBatch.get(revision) ?? index).toBe(index);
            lastOfBatch.set(revision, index);
            expect(revision).toBeLessThanOrEqual(batch.revision);
          }
        }
      });

      test('of big values made together tell them all, in whole revisions', async () => {
        const at = folder();
        const start = await store.currentRevision();
        await Promise.all(range(24).map((n) => store.create(`${at}${n}`, Buffer.alloc(300 * 1024, 'x'))));
        const changes = await collect(store, at, start, (all) => all.length === 24);
        expect(changes.every((change) => change.value?.length === 300 * 1024)).toBe(true);
      });

      test('from the very beginning tell everything, while nothing is compacted', async () => {
        const at = folder();
        const revision = await create(`${at}a`);
        const changes = await collect(store, at, 0, (all) => all.length === 1);
        expect(changes).toMatchObject([{ revision }]);
      });

      test('tell nothing of other prefixes, but how far they are', async () => {
        const at = folder();
        const start = await store.currentRevision();
        const elsewhere = await create(`${folder()}elsewhere`);
        const batches = await collectBatches(store, at, start, (_, revision) => revision >= elsewhere);
        expect(batches.flatMap(({ changes }) => changes)).toEqual([]);
      });

      test('report their progress when asked', async () => {
        const at = folder();
        const start = await store.currentRevision();
        const stop = new AbortController();
        const batches = store.watch(at, { afterRevision: start, signal: stop.signal })[Symbol.asyncIterator]();
        const next = batches.next();
        let batch: IteratorResult<StoreBatch> | undefined;
        while (!batch) {
          await store.requestProgress();
          batch = (await Promise.race([next, made.passTime(20)])) ?? undefined;
        }
        stop.abort();
        expect(batch).toMatchObject({ done: false, value: { changes: [] } });
        expect(batch.value?.revision).toBeGreaterThanOrEqual(start);
      });

      test('end quietly when the signal aborts', async () => {
        const stop = new AbortController();
        const ended = (async () => {
          for await (const _ of store.watch(folder(), { signal: stop.signal }));
        })();
        await made.passTime(1);
        stop.abort();
        await ended;
      });

      test('several at once all see everything', async () => {
        const at = folder();
        const start = await store.currentRevision();
        const watches = range(10).map(() => collect(store, at, start, (changes) => changes.length === 100));
        await Promise.all(range(100).map((n) => create(`${at}${n}`)));
        for (const changes of await Promise.all(watches)) expect(changes).toHaveLength(100);
      });
    });

    describe('time to live', () => {
      test('lets a key vanish by itself and tells the watch', async () => {
        const at = folder();
        const start = await store.currentRevision();
        await store.create(`${at}short`, value('v'), { ttlSeconds: 1 });
        await store.create(`${at}long`, value('v'), { ttlSeconds: 3600 });
        await create(`${at}forever`);
        const gone = collect(store, at, start, (changes) => changes.some(({ type }) => type === 'delete'));
        for (const _ of range(200)) {
          if (!(await store.get(`${at}short`))) break;
          await made.passTime(100);
        }
        expect((await gone).at(-1)).toMatchObject({ type: 'delete', key: `${at}short` });
        expect((await store.list(at)).entries.map(({ key }) => key)).toEqual([`${at}forever`, `${at}long`]);
      });

      test('ends when the key is written without one', async () => {
        const at = folder();
        const { revision } = await store.create(`${at}kept`, value('v'), { ttlSeconds: 1 });
        await store.create(`${at}probe`, value('v'), { ttlSeconds: 1 });
        await store.update(`${at}kept`, value('w'), revision);
        for (const _ of range(200)) {
          if (!(await store.get(`${at}probe`))) break;
          await made.passTime(100);
        }
        expect(await store.get(`${at}probe`)).toBeUndefined();
        expect(await store.get(`${at}kept`)).toBeDefined();
      });
    });

    describe('compaction', () => {
      test('forgets the past and keeps the present', async () => {
        const at = folder();
        const first = await create(`${at}a`, 'one');
        const second = (await store.update(`${at}a`, value('two'), first)).revision;
        const third = (await store.update(`${at}a`, value('three'), second)).revision;
        await store.compact(third);
        await failure(store.list(at, { atRevision: first }), 'compacted');
        await failure(
          collect(store, at, first - 1, () => false),
          'compacted',
        );
        await failure(store.compact(first), 'compacted');
        expect((await store.get(`${at}a`))?.value).toEqual(value('three'));
        expect((await store.list(at, { atRevision: third })).entries).toHaveLength(1);
        const fourth = (await store.update(`${at}a`, value('four'), third)).revision;
        expect(await collect(store, at, third, (changes) => changes.length === 1)).toMatchObject([
          { revision: fourth },
        ]);
      });

      test('of the future is refused', async () => {
        await failure(store.compact((await store.currentRevision()) + 1000), 'future-revision');
      });
    });
  });
}

/** For stores that live outside of this process. */
export function runStoreRestartContract(name: string, makeStore: () => Promise<RestartableStore>): void {
  describe(`store contract, restarts: ${name}`, () => {
    test('what was acknowledged outlives a restart, and a watch goes on from its revision', async () => {
      const made = await makeStore();
      onTestFinished(() => made.end());
      const { store } = made;
      const at = '/contract/restart/';
      const start = await store.currentRevision();
      const acknowledged = new Set<string>();
      let stopWriting = false;
      const writing = Promise.all(
        range(8).map(async (writer) => {
          for (let n = 0; !stopWriting; n++) {
            const key = `${at}${writer}-${n}`;
            const done = await store.create(key, value('v')).catch((error: unknown) => {
              expect(error).toMatchObject({ name: 'StoreError' });
              return made.passTime(20);
            });
            if (done) acknowledged.add(key);
          }
        }),
      );
      while (acknowledged.size < 100) await made.passTime(10);
      await made.restart();
      const before = acknowledged.size;
      while (acknowledged.size < before + 100) await made.passTime(10);
      stopWriting = true;
      await writing;
      const { entries } = await store.list(at);
      const there = new Set(entries.map(({ key }) => key));
      expect([...acknowledged].filter((key) => !there.has(key))).toEqual([]);
      const told = await collect(store, at, start, (changes) => changes.length >= there.size);
      expect(new Set(told.map(({ key }) => key))).toEqual(there);
    });
  });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The StoreError that `work` must fail with. */
async function failure(work: Promise<unknown>, code: StoreErrorCode): Promise<StoreError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof StoreError)) throw new Error(`expected a StoreError, got ${String(outcome)}`);
  expect(outcome.code).toBe(code);
  return outcome;
}

async function collectBatches(
  store: Store,
  prefix: string,
  afterRevision: Revision,
  enough: (changes: readonly StoreChange[], revision: Revision) => boolean,
): Promise<StoreBatch[]> {
  const stop = new AbortController();
  const batches: StoreBatch[] = [];
  for await (const batch of store.watch(prefix, { afterRevision, signal: stop.signal })) {
    batches.push(batch);
    if (
      enough(
        batches.flatMap(({ changes }) => changes),
        batch.revision,
      )
    )
      break;
  }
  stop.abort();
  return batches;
}

async function collect(...args: Parameters<typeof collectBatches>): Promise<StoreChange[]> {
  return (await collectBatches(...args)).flatMap(({ changes }) => changes);
}
