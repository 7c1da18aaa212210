import { createHash } from 'node:crypto';
import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import type { Clock } from '#base/clock.ts';
import type { Store, StoreChange } from '#control-plane/store/store.ts';

/** One change of the store, as every reader of it sees it. */
export interface Change {
  readonly atMs: number;
  readonly revision: number;
  /** `/registry/pods/default/web-1`. */
  readonly key: string;
  /** Undefined: it is gone. */
  readonly object: KubeObject | undefined;
  readonly previous: KubeObject | undefined;
}

/** Watches a world from outside. It sees every change, in order, and says what is wrong in the words of its result. */
export interface Check {
  readonly name: string;
  onChange(change: Change): string | undefined;
}

/** Everything that ever happened in a world, as one number: two runs are the same if it is. */
export interface History {
  /** The newest state of everything under `/registry/<path>/`. */
  objects(path: string): readonly KubeObject[];
  digest(): string;
  readonly changes: number;
  readonly revision: number;
  /** What checks found, with the time. */
  readonly violations: readonly string[];
  /** Whether the store held this object at this version: what a watch hands out must have been true once. */
  wasAt(uid: string, resourceVersion: string): boolean;
  violate(what: string): void;
}

const violationsMax = 20;

/** Follows the store until the signal aborts. */
export function followHistory(store: Store, clock: Clock, checks: readonly Check[], signal: AbortSignal): History {
  const hash = createHash('sha256');
  const byPath = new Map<string, Map<string, KubeObject>>();
  const versions = new Set<string>();
  const violations: string[] = [];
  const startMs = clock.now();
  let changes = 0;
  let revision = 0;

  const violate = (what: string): void => {
    if (violations.length < violationsMax) violations.push(`${((clock.now() - startMs) / 1000).toFixed(3)} s: ${what}`);
  };

  const apply = (change: StoreChange): void => {
    changes += 1;
    hash.update(`${clock.now()} ${change.type} ${change.key} ${change.revision} `);
    if (change.value) hash.update(change.value);
    const path = change.key.slice('/registry/'.length).split('/')[0] ?? '';
    const objects = byPath.get(path) ?? new Map<string, KubeObject>();
    byPath.set(path, objects);
    const previous = objects.get(change.key);
    const object = change.value ? parse(change.value) : undefined;
    if (object) objects.set(change.key, object);
    else objects.delete(change.key);
    const uid = (object ?? previous)?.metadata?.uid;
    versions.add(`${uid} ${change.revision}`);
    for (const check of checks) {
      const wrong = check.onChange({ atMs: clock.now(), revision: change.revision, key: change.key, object, previous });
      if (wrong) violate(`${check.name}: ${wrong}`);
    }
  };

  const follow = async (): Promise<void> => {
    for await (const batch of store.watch('/', { afterRevision: 1, signal })) {
      for (const change of batch.changes) {
        if (change.revision < revision) violate(`the store went back from revision ${revision} to ${change.revision}`);
        revision = change.revision;
        apply(change);
      }
    }
  };
  follow().catch((error: unknown) => {
    if (!signal.aborted) violate(`the store's watch failed: ${String(error)}`);
  });

  return {
    objects: (path) => [...(byPath.get(path)?.values() ?? [])],
    digest: () => hash.copy().digest('hex'),
    get changes() {
      return changes;
    },
    get revision() {
      return revision;
    },
    violations,
    wasAt: (uid, resourceVersion) => versions.has(`${uid} ${resourceVersion}`),
    violate,
  };
}

function parse(value: Buffer): KubeObject {
  const object: unknown = JSON.parse(value.toString());
  if (!isJsonObject(object)) throw new Error('the store holds something that is no object');
  return object;
}
