import type { PodMemory } from './memory.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import type { ApiPod, PodContainer } from './pod-model.ts';

/** All that the next step depends on. */
export interface PodSituation {
  readonly pod: ApiPod;
  /** The object is gone from the API server. */
  readonly gone: boolean;
  readonly observed: ObservedPod;
  readonly memory: Readonly<PodMemory>;
  readonly nowMs: number;
}

/** One step of a pod towards what its spec wants. Every step is safe to repeat. */
export type Action =
  /** Nothing to do until something changes, or until the time given. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }
  | { readonly kind: 'fail'; readonly reason: string; readonly message: string }
  | { readonly kind: 'prepare-place' }
  | { readonly kind: 'release-place' }
  | { readonly kind: 'create-sandbox'; readonly attempt: number }
  | { readonly kind: 'stop-sandboxes'; readonly ids: readonly string[] }
  | { readonly kind: 'pull-image'; readonly container: PodContainer }
  | { readonly kind: 'start-container'; readonly container: PodContainer; readonly start: StartPlan }
  /** `whole`: the pod as such is to stop, and all of it shares one grace period. */
  | { readonly kind: 'stop-containers'; readonly stops: readonly StopPlan[]; readonly whole: boolean }
  | { readonly kind: 'remove-containers'; readonly ids: readonly string[] }
  | { readonly kind: 'remove-sandboxes'; readonly ids: readonly string[] }
  | { readonly kind: 'clear' }
  | { readonly kind: 'delete-object' }
  | { readonly kind: 'forget' };

export interface StartPlan {
  readonly sandboxId: string;
  readonly attempt: number;
  readonly backOffMs: number;
}

export interface StopPlan {
  readonly container: ObservedContainer;
  /** For the Killing event. */
  readonly message: string;
  readonly graceSeconds: number;
}

/** The action to wait with instead, while an earlier failure of `what` asks for patience. */
export function delayed(situation: PodSituation, what: string): Action | undefined {
  const retry = situation.memory.retries.get(what);
  return retry && retry.notBeforeMs > situation.nowMs ? { kind: 'wait', untilMs: retry.notBeforeMs } : undefined;
}
