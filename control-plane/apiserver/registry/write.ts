import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import { notFound, staleVersion } from '#api/status-error.ts';
import { StoreError } from '../../store/errors.ts';
import type { StoreEntry } from '../../store/store.ts';
import type { Draft } from '../cache/codec.ts';
import { equalJson } from './json-values.ts';
import type { KindParts } from './parts.ts';
import type { CachedObject, RequestContext } from './registry.ts';
import { storageKeyOf } from './storage-key.ts';
import { toStatusError } from './store-errors.ts';

/** What is to become of the current object. */
export type Decision<T extends KubeObject> =
  | { readonly kind: 'write'; readonly object: T }
  /** `last` is what the caller is answered; default: the current object. */
  | { readonly kind: 'remove'; readonly last?: T }
  | { readonly kind: 'keep' };

export interface WriteOutcome<T extends KubeObject> {
  readonly kind: 'written' | 'removed' | 'kept';
  readonly entry: CachedObject<T>;
}

/** How often a write is tried again after somebody else was faster. */
const attemptsMax = 30;

/**
 * The one write path for what exists: an optimistic loop around `decide`. It starts from the cached object, which may be old,
 * and reads the newest one before it believes a refusal. An object that stays the same is not written.
 */
export async function changeObject<T extends KubeObject>(
  parts: KindParts<T>,
  { signal }: RequestContext,
  key: ObjectKey,
  decide: (current: Stored<T>) => Promise<Decision<T>>,
  dryRun: boolean,
): Promise<WriteOutcome<T>> {
  const { definition, services, cache, codec } = parts;
  const storageKey = storageKeyOf(definition, key);
  const { type } = definition;

  const readNewest = async (): Promise<CachedObject<T>> => {
    const stored = await services.store.get(storageKey, { signal });
    if (!stored) throw notFound(type, key.name);
    return entryOf(stored);
  };

  const entryOf = (stored: StoreEntry): CachedObject<T> => {
    const cached = cache.get(key);
    return cached?.revision === stored.revision ? cached : codec.decode(stored.value, stored.revision);
  };

  const apply = async (current: CachedObject<T>, decision: Decision<T>): Promise<WriteOutcome<T>> => {
    if (decision.kind === 'keep') return { kind: 'kept', entry: current };
    if (decision.kind === 'remove') {
      const written = dryRun ? current : await services.store.delete(storageKey, current.revision, { signal });
      const entry = decision.last ? codec.encode(decision.last).finish(written.revision) : current;
      return { kind: 'removed', entry };
    }
    if (sameButVersion(decision.object, current.object)) return { kind: 'kept', entry: current };
    const draft = codec.encode(decision.object);
    if (dryRun) return { kind: 'written', entry: draft.finish(current.revision) };
    const entry = await announced(parts, storageKey, draft, () =>
      services.store.update(storageKey, draft.value, current.revision, { signal, ttlSeconds: definition.ttlSeconds }),
    );
    return { kind: 'written', entry };
  };

  try {
    const cached = cache.get(key);
    let current = cached ?? (await readNewest());
    let certain = !cached;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        const outcome = await apply(current, await decide(current.object));
        if (outcome.kind !== 'kept' || certain) return outcome;
      } catch (error) {
        if (error instanceof StoreError) {
          if (error.code !== 'conflict') throw error;
          if (!error.current) throw notFound(type, key.name);
          current = entryOf(error.current);
          certain = true;
          continue;
        }
        if (certain) throw error;
      }
      current = await readNewest();
      certain = true;
    }
    throw staleVersion(type, key.name);
  } catch (error) {
    throw toStatusError(error, type, key.name);
  }
}

/** Writes a draft so that the cache recognises it when the store's watch brings it back. */
export async function announced<T extends KubeObject>(
  { services }: KindParts<T>,
  storageKey: string,
  draft: Draft<T>,
  write: () => Promise<{ readonly revision: number }>,
): Promise<CachedObject<T>> {
  const end = services.announce(storageKey, draft);
  try {
    const { revision } = await write();
    end(true);
    return draft.finish(revision);
  } catch (error) {
    end(false);
    throw error;
  }
}

function sameButVersion(object: KubeObject, current: KubeObject): boolean {
  const metadata = { ...object.metadata, resourceVersion: current.metadata?.resourceVersion, managedFields: undefined };
  return equalJson({ ...object, apiVersion: current.apiVersion, kind: current.kind, metadata }, current);
}
