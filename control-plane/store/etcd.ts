import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { KVService, LeaseService } from '#proto/generated/etcd/rpc.ts';
import { StoreError } from './errors.ts';
import { connect, type EtcdTls } from './etcd/connection.ts';
import { entryOf, revisionOf } from './etcd/entry.ts';
import { isLeaseGone, toStoreError } from './etcd/errors.ts';
import { createLeases } from './etcd/leases.ts';
import { rangeEnd, rangeRequest } from './etcd/range.ts';
import { type EtcdWatch, openEtcdWatch } from './etcd/watch.ts';
import { createWriteQueue } from './etcd/write-queue.ts';
import type { Revision, Store, StoreWriteOptions, StoreWritten } from './store.ts';
import { checkValueSize } from './value-size.ts';

export interface EtcdStoreOptions {
  /** `http://127.0.0.1:2379`; all of one cluster. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls | undefined;
  /** Prefixes under which no two keys are written in one revision. */
  readonly ownRevision?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Gives up waiting for etcd when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

const connectRetryMs = 100;
const connectLogEvery = 50;

/** Resolves once etcd has answered; keeps trying until the signal aborts. */
export async function createEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { endpoints, tls, clock, log, signal, ownRevision } = options;
  const connection = connect(endpoints, tls, clock);
  const queue = createWriteQueue({ txn: (request) => connection.call(KVService.txn, request), ownRevision });
  const grantLease = async (ttlSeconds: number): Promise<string> =>
    (await connection.call(LeaseService.leaseGrant, { ttl: String(ttlSeconds) })).id;
  const leases = createLeases(grantLease, clock);
  const watches = new Set<EtcdWatch>();
  const closing = new AbortController();

  const call = async <T>(signal: AbortSignal | undefined, work: () => Promise<T>, key?: string): Promise<T> => {
    if (closing.signal.aborted) throw new StoreError('unavailable', 'the store is closed');
    if (signal?.aborted) throw new StoreError('timeout', 'given up before it began', { cause: signal.reason });
    try {
      return await work();
    } catch (error) {
      throw toStoreError(error, key);
    }
  };

  const write = (
    key: string,
    value: Buffer | undefined,
    expectedRevision: Revision,
    { signal, ttlSeconds }: StoreWriteOptions = {},
  ): Promise<StoreWritten> =>
    call(
      signal,
      async () => {
        if (value) checkValueSize(key, value);
        if (ttlSeconds === undefined) return queue.write({ key, value, expectedRevision });
        const lease = await leases.leaseFor(ttlSeconds);
        try {
          return await queue.write({ key, value, expectedRevision, lease });
        } catch (error) {
          if (!isLeaseGone(error)) throw error;
          leases.forget(lease);
          return await queue.write({ key, value, expectedRevision, lease: await leases.leaseFor(ttlSeconds) });
        }
      },
      key,
    );

  const currentRevision = async (): Promise<Revision> =>
    revisionOf(await connection.call(KVService.range, rangeRequest('/', { countOnly: true })));

  const store: Store = {
    get: (key, options) =>
      call(
        options?.signal,
        async () => {
          const { kvs } = await connection.call(KVService.range, rangeRequest(key));
          return kvs[0] && entryOf(kvs[0]);
        },
        key,
      ),
    list: (prefix, { limit, afterKey, atRevision, signal } = {}) =>
      call(signal, async () => {
        const start = afterKey === undefined || afterKey < prefix ? prefix : `${afterKey}\0`;
        const request = rangeRequest(start, { end: rangeEnd(Buffer.from(prefix)), limit, atRevision });
        const response = await connection.call(KVService.range, request);
        const remaining = Number(response.count) - response.kvs.length;
        const revision = atRevision || revisionOf(response);
        return { entries: response.kvs.map(entryOf), revision, more: remaining > 0, remaining };
      }),
    create: (key, value, options) => write(key, value, 0, options),
    update: write,
    delete: (key, expectedRevision, options) => write(key, undefined, expectedRevision, options),
    watch(prefix, { afterRevision, signal, previous = true }) {
      const both = AbortSignal.any([signal, closing.signal]);
      const onEnd = (): void => void watches.delete(watch);
      const watch = openEtcdWatch(connection, { prefix, afterRevision, previous, signal: both }, onEnd);
      watches.add(watch);
      return watch.batches;
    },
    requestProgress: () =>
      call(undefined, async () => {
        const revision = await currentRevision();
        for (const watch of watches) watch.oblige(revision);
      }),
    currentRevision: (options) => call(options?.signal, currentRevision),
    compact: (revision) =>
      call(undefined, async () => {
        await connection.call(KVService.compact, { revision: String(revision) });
      }),
    async close() {
      closing.abort();
      connection.close();
    },
  };

  for (let tried = 0; ; tried++) {
    try {
      await store.currentRevision();
      return store;
    } catch (error) {
      if (signal?.aborted) {
        await store.close();
        throw error;
      }
      if (tried % connectLogEvery === 0) log.warn({ err: error, endpoints }, 'waiting for etcd');
      await clock.sleep(connectRetryMs, signal).catch(() => undefined);
    }
  }
}
