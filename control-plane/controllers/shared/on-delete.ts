import type { KubeObject, Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import type { Source } from '#client/sources.ts';

/** Forgets what belongs to an object once that is gone, for as long as the controller runs. It names no keys. */
export const onDelete = <T extends KubeObject>(informer: Informer<T>, forget: (object: Stored<T>) => void): Source => ({
  waitForSync: (signal) => informer.waitForSync(signal),
  attach: () => informer.addHandler({ onDelete: forget }),
});
