import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { Informer } from './informer.ts';
import { keyOf, keyText } from './key.ts';

/** Where a controller's keys come from. */
export interface Source {
  waitForSync(signal: AbortSignal): Promise<void>;
  /** Calls `enqueue` for everything there is and then for every change, until the returned function is called. */
  attach(enqueue: (key: ObjectKey) => void): () => void;
}

/** Each object's own key. */
export const forObject = <T extends KubeObject>(
  informer: Informer<T>,
  filter: (object: Stored<T>) => boolean = () => true,
): Source => mapped(informer, (object) => (filter(object) ? [keyOf(object)] : []));

/** The key of the controller of each object (its ownerReference with `controller: true`), where that is of `kind`. */
export const ownedBy = <T extends KubeObject>(informer: Informer<T>, kind: string): Source =>
  mapped(informer, (object) => {
    const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
    return owner?.kind === kind ? [{ namespace: object.metadata.namespace, name: owner.name }] : [];
  });

/** Whatever keys `keysOf` names; an update names those of the old and of the new object. */
export const mapped = <T extends KubeObject>(
  informer: Informer<T>,
  keysOf: (object: Stored<T>) => readonly ObjectKey[],
): Source => ({
  waitForSync: (signal) => informer.waitForSync(signal),
  attach(enqueue) {
    const all = (object: Stored<T>): void => {
      for (const key of keysOf(object)) enqueue(key);
    };
    return informer.addHandler({
      onAdd: all,
      onUpdate(object, old) {
        // Once per key: the first may be handed out at once, and the second would then cause a pass of its own.
        const keys = new Map([...keysOf(old), ...keysOf(object)].map((key) => [keyText(key), key]));
        for (const key of keys.values()) enqueue(key);
      },
      onDelete: all,
    });
  },
});
