import type { V1ConfigMap, V1Secret } from '#api/generated/types.ts';
import { configMaps, secrets } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Informer } from '#client/informer.ts';
import { createInformer } from '#client/informers/create.ts';
import type { ObjectSource } from './env.ts';

/** Local copies of just those ConfigMaps and Secrets that pods of this node use, one watch each, shared among pods. */
export interface ObjectCache {
  /** `onChange` is called whenever an object that was asked for through the subscription appears, changes or goes. */
  subscribe(namespace: string, onChange: () => void): ObjectSubscription;
}

export interface ObjectSubscription extends ObjectSource {
  /** Lookups wait for the first answer of the server; they give up when the signal aborts. */
  within(signal: AbortSignal): ObjectSource;
  close(): void;
}

export interface ObjectCacheOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createObjectCache(options: ObjectCacheOptions, life: AbortSignal): ObjectCache {
  const ofConfigMaps = createWatches<V1ConfigMap>(configMaps, options, life);
  const ofSecrets = createWatches<V1Secret>(secrets, options, life);
  return {
    subscribe(namespace, onChange) {
      const held = new Map<string, () => void>();
      let closed = false;
      const look = async <T extends KubeObject>(
        watches: Watches<T>,
        name: string,
        signal: AbortSignal,
      ): Promise<Stored<T> | undefined> => {
        if (closed) throw new Error('the pod is being torn down');
        const key = `${watches.kind}/${name}`;
        if (!held.has(key)) held.set(key, watches.acquire(namespace, name, onChange));
        return watches.get(namespace, name, signal);
      };
      const within = (signal: AbortSignal): ObjectSource => ({
        configMap: (name) => look(ofConfigMaps, name, signal),
        secret: (name) => look(ofSecrets, name, signal),
      });
      return {
        ...within(life),
        within,
        close() {
          closed = true;
          for (const release of held.values()) release();
          held.clear();
        },
      };
    },
  };
}

interface Watches<T extends KubeObject> {
  readonly kind: string;
  acquire(namespace: string, name: string, onChange: () => void): () => void;
  get(namespace: string, name: string, signal: AbortSignal): Promise<Stored<T> | undefined>;
}

interface Watch<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly controller: AbortController;
  users: number;
}

function createWatches<T extends KubeObject>(
  type: ResourceType<T>,
  options: ObjectCacheOptions,
  life: AbortSignal,
): Watches<T> {
  const watches = new Map<string, Watch<T>>();
  const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

  const open = (namespace: string, name: string): Watch<T> => {
    const informer = createInformer(options.client, type, {
      clock: options.clock,
      random: options.random,
      log: options.log,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    const controller = new AbortController();
    const onEnd = (): void => controller.abort(life.reason);
    life.addEventListener('abort', onEnd, { once: true });
    controller.signal.addEventListener('abort', () => life.removeEventListener('abort', onEnd), { once: true });
    if (life.aborted) onEnd();
    informer.run(controller.signal).catch((error: unknown) => {
      options.log.error({ err: error, namespace, name }, `watch of ${type.kind} ended`);
    });
    return { informer, controller, users: 0 };
  };

  return {
    kind: type.kind,
    acquire(namespace, name, onChange) {
      const key = keyOf(namespace, name);
      const watch = watches.get(key) ?? open(namespace, name);
      watches.set(key, watch);
      watch.users++;
      const removeHandler = watch.informer.addHandler({ onAdd: onChange, onUpdate: onChange, onDelete: onChange });
      return () => {
        removeHandler();
        watch.users--;
        if (watch.users > 0) return;
        watches.delete(key);
        watch.controller.abort(new Error('no longer needed'));
      };
    },
    async get(namespace, name, signal) {
      const watch = watches.get(keyOf(namespace, name));
      if (!watch) return undefined;
      await watch.informer.waitForSync(signal);
      return watch.informer.get({ namespace, name });
    },
  };
}
