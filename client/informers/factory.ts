import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { ApiClient } from '../api-client.ts';
import type { InformerFactory } from '../informer.ts';
import { createInformer, type InformerDependencies, type RunnableInformer } from './create.ts';

export interface RunnableInformerFactory extends InformerFactory {
  /** Resolves once the signal given to `start` has aborted and every informer has ended. */
  stopped(): Promise<void>;
  /** The server can be reached again: no informer waits for the end of a pause after failures. */
  retryNow(): void;
}

/** One informer per kind, shared by all who ask. Two indexes of the same name are taken for the same index. */
export function createInformerFactory(client: ApiClient, dependencies: InformerDependencies): RunnableInformerFactory {
  const informers = new Map<string, RunnableInformer<KubeObject>>();
  const running: Promise<void>[] = [];
  let startSignal: AbortSignal | undefined;

  const launch = (informer: RunnableInformer<KubeObject>, signal: AbortSignal): void => {
    const ended = informer.run(signal).catch((error: unknown) => {
      dependencies.log.error({ err: error, informer: informer.name }, 'an informer ended with an error');
    });
    running.push(ended);
  };

  return {
    informer(type, indexes) {
      const id = `${type.group}/${type.version}/${type.resource}`;
      const known = informers.get(id);
      if (known && isOf(known, type)) {
        if (indexes) known.addIndexes(indexes);
        return known;
      }
      const informer = createInformer(client, type, { ...dependencies, ...(indexes && { indexes }) });
      informers.set(id, informer);
      if (startSignal) launch(informer, startSignal);
      return informer;
    },
    start(signal) {
      if (startSignal) throw new Error('the informers are started already');
      startSignal = signal;
      for (const informer of informers.values()) launch(informer, signal);
    },
    async waitForSync(signal) {
      await Promise.all([...informers.values()].map((informer) => informer.waitForSync(signal)));
    },
    retryNow() {
      for (const informer of informers.values()) informer.retryNow();
    },
    async stopped() {
      await Promise.all(running);
    },
  };
}

function isOf<T extends KubeObject>(
  informer: RunnableInformer<KubeObject>,
  type: ResourceType<T>,
): informer is RunnableInformer<T> {
  const of = informer.type;
  return of.group === type.group && of.version === type.version && of.resource === type.resource;
}
