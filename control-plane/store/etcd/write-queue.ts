import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  type RequestOp,
  type TxnRequest,
  type TxnResponse,
} from '#proto/generated/etcd/rpc.ts';
import { StoreError } from '../errors.ts';
import type { Revision, StoreWritten } from '../store.ts';
import { entryOf, revisionOf } from './entry.ts';
import { isRefusedWhole, toStoreError } from './errors.ts';
import { rangeRequest } from './range.ts';

/** One conditional write. */
export interface QueuedWrite {
  readonly key: string;
  /** Undefined to delete. */
  readonly value: Buffer | undefined;
  /** 0: the key must not be there. */
  readonly expectedRevision: Revision;
  readonly lease?: string | undefined;
}

/** Group commit: writes that arrive together travel as nested transactions of one call, each with its own condition. */
export interface WriteQueue {
  /** Rejects with a StoreError, or with etcd's own error when it refused the write for its lease. */
  write(write: QueuedWrite): Promise<StoreWritten>;
}

export interface WriteQueueOptions {
  readonly txn: (request: TxnRequest) => Promise<TxnResponse>;
  readonly limits?: WriteQueueLimits;
  /** Prefixes under which no two keys get one revision: their readers take a revision that they have seen for complete. */
  readonly ownRevision?: readonly string[] | undefined;
}

export interface WriteQueueLimits {
  /** etcd's --max-txn-ops (128) counts the outer and the nested level together. */
  readonly groupWritesMax: number;
  readonly groupBytesMax: number;
  readonly groupsInFlightMax: number;
  /** A further group is sent while others are under way only once it has this many writes. */
  readonly groupWritesWorthwhile: number;
  readonly waitingMax: number;
}

export const defaultWriteQueueLimits: WriteQueueLimits = {
  groupWritesMax: 64,
  groupBytesMax: 1024 * 1024,
  groupsInFlightMax: 4,
  groupWritesWorthwhile: 16,
  waitingMax: 50_000,
};

interface Waiting extends QueuedWrite {
  readonly resolve: (written: StoreWritten) => void;
  readonly reject: (error: unknown) => void;
}

export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  const { txn, limits = defaultWriteQueueLimits, ownRevision = [] } = options;
  let waiting: Waiting[] = [];
  let inFlight = 0;
  let scheduled = false;

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Everything that is written in this turn of the event loop is there when it runs.
    queueMicrotask(pump);
  };

  const pump = (): void => {
    scheduled = false;
    while (waiting.length && inFlight < limits.groupsInFlightMax) {
      if (inFlight > 0 && waiting.length < limits.groupWritesWorthwhile) return;
      const { group, rest } = takeGroup(waiting, limits, ownRevision);
      waiting = rest;
      inFlight++;
      void commit(group).finally(() => {
        inFlight--;
        schedule();
      });
    }
  };

  const commit = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const response = await txn({ compare: [], success: group.map(nestedTransaction), failure: [] });
      for (const [index, write] of group.entries()) settle(write, response, index);
    } catch (error) {
      // One bad write makes etcd refuse the whole group before it does anything: then each must stand for itself.
      if (group.length > 1 && isRefusedWhole(error)) await Promise.all(group.map((write) => commit([write])));
      else for (const write of group) write.reject(isRefusedWhole(error) ? error : toStoreError(error, write.key));
    }
  };

  return {
    write(write) {
      if (waiting.length >= limits.waitingMax) {
        return Promise.reject(
          new StoreError('unavailable', 'too many writes are waiting for etcd', { key: write.key }),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ ...write, resolve, reject });
        schedule();
      });
    },
  };
}

/** In order of arrival, but never two writes to one key: etcd allows that only once in a transaction. Nor two under one prefix of `ownRevision`. */
function takeGroup(
  waiting: readonly Waiting[],
  limits: WriteQueueLimits,
  ownRevision: readonly string[],
): { readonly group: readonly Waiting[]; readonly rest: Waiting[] } {
  const keys = new Set<string>();
  const group: Waiting[] = [];
  const rest: Waiting[] = [];
  let bytes = 0;
  for (const [index, write] of waiting.entries()) {
    const size = write.key.length + (write.value?.length ?? 0);
    const full = group.length === limits.groupWritesMax || (group.length > 0 && bytes + size > limits.groupBytesMax);
    if (full) {
      rest.push(...waiting.slice(index));
      break;
    }
    const once = ownRevision.find((prefix) => write.key.startsWith(prefix)) ?? write.key;
    if (keys.has(once)) {
      rest.push(write);
      continue;
    }
    keys.add(once);
    group.push(write);
    bytes += size;
  }
  return { group, rest };
}

function nestedTransaction({ key, value, expectedRevision, lease = '0' }: Waiting): RequestOp {
  const bytes = Buffer.from(key);
  const compare: Compare = {
    key: bytes,
    target: Compare_CompareTarget.MOD,
    result: Compare_CompareResult.EQUAL,
    modRevision: String(expectedRevision),
  };
  const change: RequestOp = value
    ? { requestPut: { key: bytes, value, lease } }
    : { requestDeleteRange: { key: bytes } };
  return { requestTxn: { compare: [compare], success: [change], failure: [{ requestRange: rangeRequest(key) }] } };
}

function settle(write: Waiting, response: TxnResponse, index: number): void {
  const { key, expectedRevision } = write;
  const own = response.responses[index]?.responseTxn;
  if (own?.succeeded) {
    write.resolve({ revision: revisionOf(response) });
    return;
  }
  if (!own) {
    write.reject(new StoreError('internal', `etcd did not answer for ${key}`, { key }));
    return;
  }
  const found = own.responses[0]?.responseRange?.kvs[0];
  const current = found && { current: entryOf(found) };
  const error =
    expectedRevision === 0
      ? new StoreError('exists', `${key} exists already`, { key, ...current })
      : new StoreError('conflict', `${key} is not at revision ${expectedRevision}`, { key, ...current });
  write.reject(error);
}
