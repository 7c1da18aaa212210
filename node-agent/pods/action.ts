import type { FenceVerdict } from '../fence/fence.ts';
import type { ShutdownOrder } from '../shutdown/shutdown.ts';
import { stepRetryMaxMs, withinMs } from './back-off.ts';
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
  /** For a pod that must not run twice; absent: it may run. */
  readonly fence?: FenceVerdict | undefined;
  /** Seconds between SIGTERM and SIGKILL once the fence says stop. */
  readonly fenceGraceSeconds?: number | undefined;
  /** The machine goes down; absent: it does not. */
  readonly shutdown?: ShutdownOrder | undefined;
}

/** One step of a pod towards what its spec wants. Every step is safe to repeat. */
export type Action =
  /** Nothing to do until something changes, or until the time given. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }
  | { readonly kind: 'fail'; readonly reason: string; readonly message: string }
  /** The server is asked whether the pod may run here. */
  | { readonly kind: 'confirm' }
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
  /** Not a second more, and no preStop hook: contact with the server is lost. */
  readonly hard?: boolean | undefined;
}

/** The action to wait with instead, while an earlier failure of `what` asks for patience. */
export function delayed(situation: PodSituation, what: string): Action | undefined {
  const retry = situation.memory.retries.get(what);
  if (!retry) return undefined;
  const untilMs = withinMs(retry.notBeforeMs, situation.nowMs, stepRetryMaxMs);
  return untilMs > situation.nowMs ? { kind: 'wait', untilMs } : undefined;
}
