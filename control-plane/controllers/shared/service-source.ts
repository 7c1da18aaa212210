import type { V1Pod, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { mapped, type Source } from '#client/sources.ts';
import { selects } from './service-pods.ts';

const labelIndex = 'label';
const selectorIndex = 'selector';
const pairId = (namespace: string | undefined, name: string, value: string): string => `${namespace}/${name}=${value}`;

/** Index of pods by each of their labels. */
export const podLabelIndexes = {
  [labelIndex]: ({ metadata }: V1Pod): readonly string[] =>
    Object.entries(metadata?.labels ?? {}).map(([name, value]) => pairId(metadata?.namespace, name, value)),
};

/** Index of services by the first label that they demand: whoever lacks it is not theirs. */
export const serviceSelectorIndexes = {
  [selectorIndex]: ({ metadata, spec }: V1Service): readonly string[] =>
    Object.entries(spec?.selector ?? {})
      .slice(0, 1)
      .map(([name, value]) => pairId(metadata?.namespace, name, value)),
};

/** The pods that a service selects; `pods` has `podLabelIndexes`. Costs what the rarest of the demanded labels costs. */
export function podsOf(pods: Pick<Informer<V1Pod>, 'byIndex'>, service: Stored<V1Service>): readonly Stored<V1Pod>[] {
  const { metadata, spec } = service;
  const [first, ...others] = Object.entries(spec?.selector ?? {}).map(([name, value]) =>
    pods.byIndex(labelIndex, pairId(metadata.namespace, name, value)),
  );
  const fewest = others.reduce((least, one) => (one.length < (least?.length ?? 0) ? one : least), first) ?? [];
  return fewest.filter((pod) => selects(service, pod.metadata.labels ?? {}));
}

/** The services that select a pod; `services` has `serviceSelectorIndexes`. */
export const servicesOf = (
  services: Pick<Informer<V1Service>, 'byIndex'>,
  pod: Stored<V1Pod>,
): readonly Stored<V1Service>[] =>
  Object.entries(pod.metadata.labels ?? {})
    .flatMap(([name, value]) => services.byIndex(selectorIndex, pairId(pod.metadata.namespace, name, value)))
    .filter((service) => selects(service, pod.metadata.labels ?? {}));

/** The services that select a pod, before and after its change. */
export const servicesOfPods = (pods: Informer<V1Pod>, services: Informer<V1Service>): Source =>
  mapped(pods, (pod) => servicesOf(services, pod).map(keyOf));
