import type { KeyValue } from '#proto/generated/etcd/kv.ts';
import type { ResponseHeader } from '#proto/generated/etcd/rpc.ts';
import { StoreError } from '../errors.ts';
import type { Revision, StoreEntry } from '../store.ts';

export const entryOf = (found: KeyValue): StoreEntry => ({
  key: found.key.toString(),
  value: found.value,
  createRevision: Number(found.createRevision),
  revision: Number(found.modRevision),
});

/** The revision of the store when etcd answered. */
export function revisionOf({ header }: { readonly header: ResponseHeader | undefined }): Revision {
  if (!header) throw new StoreError('internal', 'etcd answered without a header');
  return Number(header.revision);
}
