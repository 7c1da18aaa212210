import type { IKeyValue } from 'etcd3';
import type { StoreEntry } from '../store.ts';

export const entryOf = (found: IKeyValue): StoreEntry => ({
  key: found.key.toString(),
  value: found.value,
  createRevision: Number(found.create_revision),
  revision: Number(found.mod_revision),
});
