/** What the API server's core must do on every store, as one suite: kinds as they really are, two servers on one store. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { V1ConfigMap } from '#api/generated/types.ts';
import { configMaps, deployments, events, groupEvents, namespaces, podDisruptionBudgets, pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { type ApiCore, createApiCore } from '#control-plane/apiserver/core.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import type { Store } from '#control-plane/store/store.ts';
import { statusOf } from '../harness/status-of.ts';

export interface RegistryUnderTest {
  /** The same data through two independent stores, or one store twice. */
  readonly stores: readonly [Store, Store];
  readonly clock: Clock;
  readonly end: () => Promise<void>;
}

export function runRegistryContract(name: string, make: () => Promise<RegistryUnderTest>): void {
  describe(`registry on the store: ${name}`, () => {
    const running = new AbortController();
    let made: RegistryUnderTest;
    let cores: ApiCore[];
    let here: ApiClient;
    let there: ApiClient;
    let count = 0;

    beforeAll(async () => {
      made = await make();
      const { clock } = made;
      cores = made.stores.map((store, index) =>
        createApiCore({
          store,
          clock,
          definitions: builtInDefinitions(),
          random: createSeededRandom(index),
          log: createSilentLog(),
        }),
      );
      await Promise.all(cores.map((core) => core.start(running.signal)));
      const clients = cores.map((core) => core.client({ name: 'admin', groups: ['system:masters'] }));
      [here, there] = [clientAt(clients, 0), clientAt(clients, 1)];
    });
    afterAll(async () => {
      running.abort();
      await Promise.all(cores.map((core) => core.stopped()));
      await made.end();
    });

    const makeNamespace = async (): Promise<string> => {
      const { metadata } = await here.create(namespaces, { metadata: { name: `work-${count++}` } });
      return metadata.name;
    };

    test('what one server has answered every server shows', async () => {
      const namespace = await makeNamespace();
      const key = { namespace, name: 'a' };
      const created = await here.create(configMaps, { metadata: key, data: { x: '1' } });
      expect(await there.get(configMaps, key)).toEqual(created);
      const updated = await there.update(configMaps, { ...created, data: { x: '2' } });
      expect((await here.list(configMaps, { namespace })).items).toEqual([updated]);
      await here.delete(configMaps, key);
      expect(await statusOf(there.get(configMaps, key))).toMatchObject({ code: 404 });
    });

    test('two servers that write one object at once lose nothing', async () => {
      const namespace = await makeNamespace();
      const key = { namespace, name: 'a' };
      await here.create(configMaps, { metadata: key, data: {} });
      const writers = [here, there].flatMap((client, server) =>
        Array.from({ length: 15 }, (_, n) =>
          client.patch(configMaps, key, { type: 'merge', body: { data: { [`${server}-${n}`]: 'x' } } }),
        ),
      );
      await Promise.all(writers);
      expect(Object.keys((await there.get(configMaps, key)).data ?? {})).toHaveLength(30);
    });

    test('a watch sees every change of both servers once, in order, and ends at the truth', async () => {
      const namespace = await makeNamespace();
      const random = createSeededRandom(7);
      const stop = new AbortController();
      const { metadata } = await there.list(configMaps, { namespace });
      const model = new Map<string, Stored<V1ConfigMap>>();
      let newest = 0;
      const watching = (async () => {
        const options = { namespace, resourceVersion: metadata.resourceVersion, signal: stop.signal };
        for await (const { type, object } of there.watch(configMaps, options)) {
          const revision = Number(object.metadata.resourceVersion);
          expect(revision).toBeGreaterThanOrEqual(newest);
          newest = revision;
          const known = model.get(object.metadata.name);
          expect(type === 'ADDED', `${type} ${object.metadata.name}`).toBe(known === undefined);
          if (type === 'DELETED') model.delete(object.metadata.name);
          else model.set(object.metadata.name, object);
          if (object.metadata.name === 'last') return;
        }
      })();
      const work = [here, there].map(async (client) => {
        for (let step = 0; step < 60; step++) {
          const batch = Array.from({ length: 5 }, async () => {
            const key = { namespace, name: `c${Math.floor(random.next() * 12)}` };
            const draw = random.next();
            const data = { step: String(step) };
            if (draw < 0.4) await client.create(configMaps, { metadata: key, data });
            else if (draw < 0.7) await client.patch(configMaps, key, { type: 'merge', body: { data } });
            else await client.delete(configMaps, key);
          });
          await Promise.allSettled(batch);
        }
      });
      await Promise.all(work);
      await here.create(configMaps, { metadata: { namespace, name: 'last' } });
      await watching;
      stop.abort();
      const { items } = await here.list(configMaps, { namespace });
      expect([...model.values()].sort(byName)).toEqual(items);
    });

    test('pages stay at one moment while both servers write', async () => {
      const namespace = await makeNamespace();
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => here.create(configMaps, { metadata: { namespace, name: `c${10 + n}` } })),
      );
      const first = await here.list(configMaps, { namespace, limit: 10 });
      await here.deleteCollection(configMaps, { namespace });
      await there.create(configMaps, { metadata: { namespace, name: 'new' } });
      const second = await there.list(configMaps, { namespace, limit: 10, continue: first.metadata.continue });
      const third = await here.list(configMaps, { namespace, continue: second.metadata.continue });
      const names = [first, second, third].flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
      expect(names).toEqual(Array.from({ length: 30 }, (_, n) => `c${10 + n}`));
    });

    test('a pod that two schedulers bind at once is bound once', async () => {
      const namespace = await makeNamespace();
      const key = { namespace, name: 'p' };
      await here.create(pods, { metadata: key, spec: { containers: [{ name: 'c', image: 'i' }] } });
      const bind = (client: ApiClient, node: string) =>
        client.createSubresource(pods, key, 'binding', { metadata: key, ...{ target: { kind: 'Node', name: node } } });
      const outcomes = await Promise.allSettled([bind(here, 'n1'), bind(there, 'n2')]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const { items } = await there.list(pods, { namespace, fieldSelector: 'spec.nodeName!=' });
      expect(items).toHaveLength(1);
      await there.delete(pods, key);
      expect((await here.get(pods, key)).metadata.deletionGracePeriodSeconds).toBe(30);
      await here.delete(pods, key, { gracePeriodSeconds: 0 });
      expect(await statusOf(here.get(pods, key))).toMatchObject({ code: 404 });
    });

    test('a deployment is scaled through its scale, on the version that was read', async () => {
      const namespace = await makeNamespace();
      const key = { namespace, name: 'web' };
      const labels = { app: 'web' };
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
      await here.create(deployments, {
        metadata: key,
        spec: { replicas: 2, selector: { matchLabels: labels }, template },
      });
      const scale = await there.getSubresource(deployments, key, 'scale');
      expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 2 }, status: { selector: 'app=web' } });
      const wanted = { ...scale, ...{ spec: { replicas: 5 } } };
      expect(await there.updateSubresource(deployments, key, 'scale', wanted)).toMatchObject({ spec: { replicas: 5 } });
      expect(await here.get(deployments, key)).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
      const stale = here.updateSubresource(deployments, key, 'scale', wanted);
      expect(await statusOf(stale)).toMatchObject({ code: 409, reason: 'Conflict' });
    });

    test('a disruption budget lets only so many evictions through, whichever server is asked', async () => {
      const namespace = await makeNamespace();
      const labels = { app: 'web' };
      const names = Array.from({ length: 6 }, (_, n) => `p${n}`);
      for (const name of names) {
        const spec = { containers: [{ name: 'c', image: 'i' }] };
        const pod = await here.create(pods, { metadata: { namespace, name, labels }, spec });
        const conditions = [{ type: 'Ready', status: 'True' }];
        await here.updateStatus(pods, { ...pod, status: { phase: 'Running', conditions } });
      }
      const metadata = { namespace, name: 'web' };
      const budget = await here.create(podDisruptionBudgets, {
        metadata,
        spec: { minAvailable: 4, selector: { matchLabels: labels } },
      });
      const counts = { currentHealthy: 6, desiredHealthy: 4, expectedPods: 6, disruptionsAllowed: 2 };
      const { generation } = budget.metadata;
      await there.updateStatus(podDisruptionBudgets, {
        ...budget,
        status: { ...counts, observedGeneration: generation },
      });
      const evictions = await Promise.allSettled(
        names.map((name, n) =>
          (n % 2 ? here : there).createSubresource(pods, { namespace, name }, 'eviction', {
            metadata: { namespace, name },
          }),
        ),
      );
      expect(evictions.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
      const refused = evictions.find(({ status }) => status === 'rejected');
      expect(refused).toMatchObject({ reason: { code: 429 } });
      expect((await there.list(pods, { namespace })).items).toHaveLength(4);
    });

    test('events are the same under both of their groups', async () => {
      const namespace = await makeNamespace();
      const involvedObject = { kind: 'Pod', namespace, name: 'p' };
      const event = {
        metadata: { namespace, name: 'e' },
        involvedObject,
        reason: 'Started',
        message: 'it runs',
        type: 'Normal',
      };
      await here.create(events, event);
      const seen = await there.get(groupEvents, { namespace, name: 'e' });
      expect(seen).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        note: 'it runs',
        regarding: involvedObject,
      });
      const { items } = await here.list(groupEvents, { namespace, fieldSelector: 'reason=Started' });
      expect(items).toHaveLength(1);
      const stop = new AbortController();
      const watch = there.watch(groupEvents, { namespace, signal: stop.signal })[Symbol.asyncIterator]();
      expect((await watch.next()).value).toMatchObject({ type: 'ADDED', object: { note: 'it runs' } });
      await there.patch(groupEvents, { namespace, name: 'e' }, { type: 'merge', body: { note: 'it still runs' } });
      expect((await watch.next()).value).toMatchObject({ type: 'MODIFIED', object: { note: 'it still runs' } });
      expect(await here.get(events, { namespace, name: 'e' })).toMatchObject({
        apiVersion: 'v1',
        message: 'it still runs',
      });
      await there.delete(groupEvents, { namespace, name: 'e' });
      expect((await watch.next()).value).toMatchObject({ type: 'DELETED' });
      stop.abort();
      expect(await statusOf(here.get(events, { namespace, name: 'e' }))).toMatchObject({ code: 404 });
    });

    test('a namespace that terminates on one server takes nothing new on the other', async () => {
      const name = await makeNamespace();
      await here.delete(namespaces, { name });
      await there.get(namespaces, { name });
      const refused = there.create(configMaps, { metadata: { namespace: name, name: 'a' } });
      expect(await statusOf(refused)).toMatchObject({ code: 403, reason: 'Forbidden' });
      const terminating = await there.get(namespaces, { name });
      await there.updateSubresource(namespaces, { name }, 'finalize', {
        ...terminating,
        ...{ spec: { finalizers: [] } },
      });
      expect(await statusOf(here.get(namespaces, { name }))).toMatchObject({ code: 404 });
    });
  });
}

const byName = (a: V1ConfigMap, b: V1ConfigMap): number =>
  (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1;

function clientAt(clients: readonly ApiClient[], index: number): ApiClient {
  const client = clients[index];
  if (!client) throw new Error(`there is no server ${index}`);
  return client;
}
