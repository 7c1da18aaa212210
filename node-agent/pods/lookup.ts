import type { PodManager } from './manager.ts';
import { attemptsOf } from './observed.ts';
import { type ApiPod, containersOf } from './pod-model.ts';
import type { RuntimeView } from './runtime-view.ts';

/** The pods of this node by name, with the ids by which the runtime knows them. */
export interface PodLookup {
  list(): readonly ApiPod[];
  find(namespace: string, name: string): FoundPod | undefined;
}

export interface FoundPod {
  readonly pod: ApiPod;
  /** Of the sandbox whose network the pod has now. */
  readonly sandboxId: string | undefined;
  /** Newest attempt first; empty for a container that has not been made. Undefined when the pod has no such container. */
  containers(name: string): readonly FoundContainer[] | undefined;
}

export interface FoundContainer {
  readonly id: string;
  readonly attempt: number;
  readonly running: boolean;
  readonly logPath: string;
}

export function createPodLookup(manager: () => PodManager | undefined, view: () => RuntimeView | undefined): PodLookup {
  const all = (): readonly ApiPod[] => [...(manager()?.workers.values() ?? [])].map(({ pod }) => pod);
  return {
    list: all,
    find(namespace, name) {
      const pod = all().find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (!pod) return undefined;
      const observed = view()?.pod(pod.metadata.uid) ?? { sandboxes: [], containers: [] };
      return {
        pod,
        sandboxId: observed.sandboxes.find(({ ready }) => ready)?.id,
        containers(container) {
          if (!containersOf(pod).some(({ spec }) => spec.name === container)) return undefined;
          return attemptsOf(observed, container).map(({ id, attempt, state, logPath }) => ({
            id,
            attempt,
            running: state === 'running',
            logPath,
          }));
        },
      };
    },
  };
}
