/** An API server's core on a memory store and a virtual clock, with a few kinds of its own, for unit tests. */
import { fieldRequired } from '#api/field-error.ts';
import type { V1ConfigMap, V1Namespace, V1Pod } from '#api/generated/types.ts';
import { configMaps, namespaces, nodes, pods } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { type ApiCore, type ApiCoreOptions, createApiCore } from '#control-plane/apiserver/core.ts';
import type { RequestContext, ResourceRegistry } from '#control-plane/apiserver/registry/registry.ts';
import type { ResourceDefinition } from '#control-plane/apiserver/resource-definition.ts';
import { defineResource } from '#control-plane/resources/define.ts';
import { objectSubresource, statusSubresource } from '#control-plane/resources/subresources.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { Store } from '#control-plane/store/store.ts';

export interface TestCore<C extends Clock = VirtualClock> {
  readonly core: ApiCore;
  readonly store: Store;
  readonly clock: C;
  readonly configMaps: ResourceRegistry<V1ConfigMap>;
  readonly pods: ResourceRegistry<V1Pod>;
  readonly namespaces: ResourceRegistry<V1Namespace>;
  /** A request of the administrator's, with its own list of warnings. */
  context(signal?: AbortSignal): RequestContext;
  stop(): Promise<void>;
}

/** Has the namespace `default`. */
export function startTestCore(options?: Partial<Omit<ApiCoreOptions, 'clock'>>): Promise<TestCore>;
export function startTestCore<C extends Clock>(options: Partial<ApiCoreOptions> & { clock: C }): Promise<TestCore<C>>;
export async function startTestCore(options: Partial<ApiCoreOptions> = {}): Promise<TestCore<Clock>> {
  const clock = options.clock ?? createVirtualClock();
  const store = options.store ?? createMemoryStore({ clock });
  const core = createApiCore({
    definitions: testDefinitions(),
    random: createSeededRandom(1),
    log: createSilentLog(),
    ...options,
    store,
    clock,
  });
  const running = new AbortController();
  const context = (signal?: AbortSignal): RequestContext => ({
    user: { name: 'admin', groups: ['system:masters'] },
    signal: signal ?? new AbortController().signal,
    warnings: [],
  });
  const registryOf = <T extends object>(registry: ResourceRegistry<T> | undefined): ResourceRegistry<T> => {
    if (!registry) throw new Error('this kind is not defined in the test');
    return registry;
  };
  await core.start(running.signal);
  const inCore = {
    configMaps: registryOf(core.registryOf(configMaps)),
    pods: registryOf(core.registryOf(pods)),
    namespaces: registryOf(core.registryOf(namespaces)),
  };
  await inCore.namespaces.create(context(), { metadata: { name: 'default' } }, {});
  return {
    core,
    store,
    clock,
    ...inCore,
    context,
    async stop() {
      running.abort();
      await core.stopped();
      await store.close();
    },
  };
}

/** Small kinds with the behaviour that the registry has to respect; the real ones are tested where they stand. */
export function testDefinitions(): ResourceDefinition[] {
  return [
    defineResource<V1Namespace>({
      type: namespaces,
      subresources: [objectSubresource('finalize', ['update']), statusSubresource],
      strategy: {
        prepareForCreate(namespace) {
          namespace.status = { phase: 'Active' };
          namespace.spec = { finalizers: ['kubernetes'] };
        },
        prepareForUpdate(namespace, old, { subresource }) {
          if (subresource !== 'finalize') namespace.spec = { ...old.spec };
          if (subresource !== 'status') namespace.status = { ...old.status };
        },
      },
    }),
    defineResource<V1ConfigMap>({
      type: configMaps,
      strategy: {
        default(configMap) {
          if (configMap.immutable === undefined && configMap.data?.freeze) configMap.immutable = true;
        },
        validate: (configMap) => (configMap.data?.bad ? [fieldRequired('data[bad]', 'must not be there')] : []),
        validateUpdate: (configMap, old) =>
          old.immutable && !configMap.immutable ? [fieldRequired('immutable', 'is for ever')] : [],
        warnings: (configMap) => (configMap.data?.odd ? ['data[odd]: is odd'] : []),
        selectableFields: { 'data.color': (configMap) => configMap.data?.color ?? '' },
      },
    }),
    defineResource<V1Pod>({
      type: pods,
      subresources: [statusSubresource],
      strategy: {
        prepareForCreate(pod) {
          pod.status = { phase: 'Pending' };
          if (pod.metadata) pod.metadata.generation = 1;
        },
        prepareForUpdate(pod, old, { subresource }) {
          if (subresource === 'status') pod.spec = old.spec && structuredClone(old.spec);
          else pod.status = structuredClone(old.status);
        },
        gracePeriodSeconds: (pod, requested) =>
          pod.spec?.nodeName ? (requested ?? pod.spec.terminationGracePeriodSeconds ?? 30) : 0,
        selectableFields: {
          'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
          'status.phase': (pod) => pod.status?.phase ?? '',
        },
      },
    }),
    defineResource({ type: nodes, storagePath: 'minions', strategy: { allowUnconditionalUpdate: false } }),
  ];
}
