import type { KubeObject } from '#api/meta.ts';
import type { StoreChange } from '../../store/store.ts';
import type { CachedObject } from '../registry/registry.ts';
import type { Draft } from './codec.ts';

/** Writes of this process that are under way: their objects need not be decoded again when the watch brings them back. */
export interface Announcements {
  /** Returns what to call when the write has ended. */
  announce(storageKey: string, draft: Draft<KubeObject>): (written: boolean) => void;
  /** The entry, when this change is one that has been announced. */
  recognise(change: StoreChange): CachedObject | undefined;
}

/** How many finished writes are remembered whose change has not come back yet. */
const finishedMax = 1024;

export function createAnnouncements(): Announcements {
  const drafts = new Map<string, Draft<KubeObject>>();
  const finished = new Set<string>();

  const forget = (storageKey: string): void => {
    drafts.delete(storageKey);
    finished.delete(storageKey);
  };

  return {
    announce(storageKey, draft) {
      finished.delete(storageKey);
      drafts.set(storageKey, draft);
      return (written) => {
        if (drafts.get(storageKey) !== draft) return;
        if (!written) return forget(storageKey);
        // The answer to a write is often here before its change is: keep the draft for a while.
        finished.add(storageKey);
        if (finished.size > finishedMax) for (const oldest of finished.keys().take(1)) forget(oldest);
      };
    },
    recognise({ key, value, revision }) {
      const draft = drafts.get(key);
      if (!draft || !value?.equals(draft.value)) return undefined;
      forget(key);
      return draft.finish(revision);
    },
  };
}
