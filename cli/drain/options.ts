import type { Clock } from '#base/clock.ts';

/** As the flags of `drain`; what is absent is as kubectl has it. */
export interface DrainOptions {
  readonly clock: Clock;
  /** Leave the pods of DaemonSets where they are; otherwise they stop the drain. */
  readonly ignoreDaemonSets?: boolean | undefined;
  /** Also pods whose emptyDir volumes are lost with them. */
  readonly deleteEmptyDirData?: boolean | undefined;
  /** Also pods that nobody makes anew. */
  readonly force?: boolean | undefined;
  /** Absent: each pod's own. */
  readonly gracePeriodSeconds?: number | undefined;
  /** Absent or 0: never gives up. */
  readonly timeoutMs?: number | undefined;
  /** Delete without asking disruption budgets. */
  readonly disableEviction?: boolean | undefined;
  /** Only pods with these labels. */
  readonly podSelector?: string | undefined;
  /** Do not wait for pods that have been going for longer than this. */
  readonly skipDeletedAfterSeconds?: number | undefined;
  /** Leave the node's own setting alone: it was cordoned before. */
  readonly cordoned?: boolean | undefined;
  readonly dryRun?: 'none' | 'client' | 'server' | undefined;
}

/** What a drain does, as it does it. */
export type DrainEvent =
  | { readonly kind: 'cordoned'; readonly node: string; readonly already: boolean }
  /** Said once, before the first pod goes. */
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'evicting'; readonly pod: PodName }
  /** Tried again after `retryMs`. */
  | { readonly kind: 'blocked'; readonly pod: PodName; readonly why: Blocker; readonly retryMs: number }
  | { readonly kind: 'gone'; readonly pod: PodName; readonly deleted: boolean }
  | { readonly kind: 'drained'; readonly node: string };

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** Why a pod could not be evicted. */
export interface Blocker {
  /** What the server said. */
  readonly message: string;
  /** The budgets that speak against it. */
  readonly budgets: readonly BlockingBudget[];
}

export interface BlockingBudget {
  readonly name: string;
  readonly desired: number;
  readonly healthy: number;
  readonly expected: number;
}

/** Why a drain has not ended. `pending`: the pods that are still there, and what keeps each, as far as that is known. */
export class DrainError extends Error {
  override readonly name = 'DrainError';
  readonly pending: readonly { readonly pod: PodName; readonly why: Blocker | undefined }[];

  constructor(message: string, pending: DrainError['pending'] = [], options?: { cause?: unknown }) {
    super(message, options);
    this.pending = pending;
  }
}
