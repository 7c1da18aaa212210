import type { RangeRequest } from '#proto/generated/etcd/rpc.ts';
import type { Revision } from '../store.ts';

export interface RangeOptions {
  /** Everything from `key` up to here; absent: `key` alone. */
  readonly end?: Buffer | undefined;
  readonly limit?: number | undefined;
  readonly atRevision?: Revision | undefined;
  readonly countOnly?: boolean;
}

export const rangeRequest = (
  key: string,
  { end, limit, atRevision, countOnly = false }: RangeOptions = {},
): RangeRequest => ({
  key: Buffer.from(key),
  rangeEnd: end ?? Buffer.alloc(0),
  limit: String(limit ?? 0),
  revision: String(atRevision ?? 0),
  countOnly,
});

/** The end of the range of all keys that start with `prefix`. */
export function rangeEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index--) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  return Buffer.from([0]);
}
