import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { V1Pod, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { createObjectStore } from '#client/informers/store.ts';
import { selects } from './service-pods.ts';
import { podLabelIndexes, podsOf, serviceSelectorIndexes, servicesOf } from './service-source.ts';

const metadata = (name: string, namespace: string) => ({
  name,
  namespace,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const names = fc.constantFrom('app', 'tier', 'a=b');
const labels = fc.dictionary(names, fc.constantFrom('x', 'y', ''));
const namespace = fc.constantFrom('one', 'two');

test('the indexes find whom a look at all of them would find', () => {
  const pairs = fc.array(fc.tuple(namespace, labels), { maxLength: 12 });
  fc.assert(
    fc.property(pairs, pairs, (podSeeds, serviceSeeds) => {
      const pods = createObjectStore<V1Pod>();
      const services = createObjectStore<V1Service>();
      for (const [index, of] of Object.entries(podLabelIndexes)) pods.addIndex(index, of);
      for (const [index, of] of Object.entries(serviceSelectorIndexes)) services.addIndex(index, of);
      podSeeds.forEach(([space, own], i) => {
        pods.put({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata(`p${i}`, space), labels: own } });
      });
      serviceSeeds.forEach(([space, selector], i) => {
        services.put({ apiVersion: 'v1', kind: 'Service', metadata: metadata(`s${i}`, space), spec: { selector } });
      });
      const belong = (service: Stored<V1Service>, pod: Stored<V1Pod>): boolean =>
        service.metadata.namespace === pod.metadata.namespace && selects(service, pod.metadata.labels ?? {});
      const namesOf = (some: readonly Stored<V1Pod | V1Service>[]): string[] =>
        some.map((one) => one.metadata.name).sort();
      for (const service of services.list()) {
        expect(namesOf(podsOf(pods, service))).toEqual(namesOf(pods.list().filter((pod) => belong(service, pod))));
      }
      for (const pod of pods.list()) {
        const found = namesOf(servicesOf(services, pod));
        expect(found).toEqual(namesOf(services.list().filter((service) => belong(service, pod))));
      }
    }),
  );
});
