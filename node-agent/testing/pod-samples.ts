import type { V1Container, V1ObjectMeta, V1Pod, V1PodSpec } from '#api/generated/types.ts';
import { annotations } from '../pods/identity.ts';
import { createPodMemory, type PodMemory } from '../pods/memory.ts';
import type { ObservedContainer, ObservedPod } from '../pods/observed.ts';
import { type ApiPod, containerHash } from '../pods/pod-model.ts';
import type { Sandbox } from '../runtime/runtime.ts';

/** Values for tests of pure functions of a pod. */

/** A container that runs until it is stopped, unless told otherwise. */
export const container = (name: string, more: Partial<V1Container> = {}): V1Container => ({
  name,
  image: 'registry.example/app:1',
  ...more,
});

export const startMs = Date.UTC(2026, 0, 1);

export function samplePod(
  spec: Partial<V1PodSpec> = {},
  more: {
    readonly metadata?: Omit<V1ObjectMeta, 'name' | 'uid' | 'resourceVersion' | 'creationTimestamp'>;
    readonly status?: V1Pod['status'];
  } = {},
): ApiPod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { nodeName: 'node-1', containers: [container('main')], ...spec },
    status: more.status,
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      generation: 1,
      ...more.metadata,
    },
  };
}

export function sampleSandbox(more: Partial<Sandbox> & { readonly attempt?: number } = {}): Sandbox {
  const { attempt = 0, ...rest } = more;
  return {
    id: `sandbox-${attempt}`,
    pod: { name: 'web', namespace: 'default', uid: 'uid-1', attempt },
    ready: true,
    createdAtMs: startMs,
    ips: ['10.42.0.2'],
    labels: {},
    annotations: {},
    ...rest,
  };
}

/** Of the pod's only spec unless `image` says otherwise. */
export function sampleContainer(
  name: string,
  more: Partial<ObservedContainer> & { readonly backOffMs?: number } = {},
): ObservedContainer {
  const { backOffMs = 0, ...rest } = more;
  const attempt = more.attempt ?? 0;
  return {
    id: `${name}-${attempt}`,
    sandboxId: 'sandbox-0',
    name,
    attempt,
    image: 'registry.example/app:1',
    imageRef: 'registry.example/app@sha256:1',
    state: 'running',
    createdAtMs: startMs,
    startedAtMs: startMs,
    finishedAtMs: 0,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
    terminationMessage: '',
    labels: {},
    annotations: {
      [annotations.hash]: containerHash(container(name)),
      [annotations.backOffMs]: String(backOffMs),
    },
    ...rest,
  };
}

export const exited = (
  name: string,
  exitCode: number,
  more: Parameters<typeof sampleContainer>[1] = {},
): ObservedContainer => sampleContainer(name, { state: 'exited', exitCode, finishedAtMs: startMs + 1_000, ...more });

export const observedOf = (
  containers: readonly ObservedContainer[],
  sandboxes: readonly Sandbox[] = [sampleSandbox()],
): ObservedPod => ({ sandboxes, containers });

/** Of a pod whose place is ready and whose images are there. */
export function sampleMemory(...ready: readonly string[]): PodMemory {
  const memory = createPodMemory();
  memory.place = 'ready';
  for (const name of ready)
    memory.containers.set(name, { image: { kind: 'ready', image: 'sha256:1', user: {} }, waiting: undefined });
  return memory;
}
