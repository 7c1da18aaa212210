import type { V1Namespace } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { Revision, Store } from '../../store/store.ts';
import type { Codec, Draft } from '../cache/codec.ts';
import type { KindCache } from '../cache/kind-cache.ts';
import type { RevisionGate } from '../cache/revision-gate.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { AdmissionHook } from './admission.ts';

/** What the verbs of all kinds share. */
export interface RegistryServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly gate: RevisionGate;
  readonly admission: readonly AdmissionHook[];
  /** Resolves once the caches hold everything written before the call. */
  current(signal: AbortSignal): Promise<Revision>;
  /** Looks again, freshly, before it says that there is none. */
  namespace(name: string, signal: AbortSignal): Promise<Stored<V1Namespace> | undefined>;
  /** Announces a write, so that the cache need not decode what this process encoded; returns what to call at its end. */
  announce(storageKey: string, draft: Draft<KubeObject>): (written: boolean) => void;
}

/** What the verbs of one kind work with. */
export interface KindParts<T extends KubeObject> {
  readonly definition: ResourceDefinition<T>;
  readonly codec: Codec<T>;
  readonly cache: KindCache<T>;
  readonly services: RegistryServices;
}
