import type { V1Pod, V1Service } from '#api/generated/types.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { mapped, type Source } from '#client/sources.ts';
import { selects } from './service-pods.ts';

/** The services that select a pod, before and after its change. */
export const servicesOfPods = (pods: Informer<V1Pod>, services: Informer<V1Service>): Source =>
  mapped(pods, ({ metadata }) =>
    services
      .list(metadata.namespace)
      .filter((service) => selects(service, metadata.labels ?? {}))
      .map(keyOf),
  );
