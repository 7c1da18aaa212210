/** What a pod worker knows that the runtime does not show. Lost with the agent, and made anew from the API and the runtime. */
export interface PodMemory {
  /** Why the pod has failed for good (refused, deadline exceeded); its containers are to be stopped. */
  failure: PodFailure | undefined;
  /** Folders, cgroup and volumes: `unknown` until a first look, `none` when torn down. */
  place: 'none' | 'ready' | 'unknown';
  /** Everything the runtime had of the pod has been removed. */
  cleared: boolean;
  /** The API server has been asked to let go of the object; what is left is other people's finalizers. */
  deleteRequested: boolean;
  /** Since when containers are being stopped on behalf of the whole pod. */
  stoppingSinceMs: number | undefined;
  /** Of a pod that is to be deleted: how far its endpoints are withdrawn. */
  withdrawal: Withdrawal | undefined;
  /** The address of the last sandbox that had one: it stays in the status of a pod that has ended. */
  podIps: readonly string[];
  readonly containers: Map<string, ContainerMemory>;
  /** By container id. */
  readonly probes: Map<string, ProbeMemory>;
  /** Failures of a step in a row, by what it was for (`sandbox`, `place`, `teardown` …). */
  readonly retries: Map<string, Retry>;
}

export interface WithdrawalSettings {
  /** No pod waits longer than this for its endpoints to be withdrawn, in milliseconds; 0: none waits at all. */
  readonly waitMaxMs: number;
  /** For what is on its way when the last node has withdrawn them. */
  readonly settleMs: number;
}

/** What is known of the withdrawal of a pod that is to be deleted. */
export interface Withdrawal extends WithdrawalSettings {
  /** A service sends to the pod. */
  readonly needed: boolean;
  /** When its deletion was seen, and when it was seen that no node sends to it any more; milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly doneMs: number | undefined;
}

export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

export interface Retry {
  readonly failures: number;
  readonly notBeforeMs: number;
}

export interface ContainerMemory {
  image: ImageState | undefined;
  /** Why the last try to make or start it came to nothing. */
  waiting: WaitingReason | undefined;
}

export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export type ImageState =
  | { readonly kind: 'pulling' }
  | { readonly kind: 'ready'; readonly image: string; readonly user: ImageUser }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string; readonly retryAtMs: number };

export interface ImageUser {
  readonly uid?: number | undefined;
  readonly username?: string | undefined;
}

export interface ProbeMemory {
  /** Passed its startup probe (or has none), and its postStart hook has ended. */
  started: boolean;
  ready: boolean;
  /** Set by a liveness or startup probe that has failed for good. */
  failed: ProbeFailure | undefined;
}

export interface ProbeFailure {
  /** For the Killing event: `Container x failed liveness probe, will be restarted`. */
  readonly probe: 'liveness' | 'startup';
  readonly graceSeconds: number | undefined;
}

export function createPodMemory(): PodMemory {
  return {
    failure: undefined,
    place: 'unknown',
    cleared: false,
    deleteRequested: false,
    stoppingSinceMs: undefined,
    withdrawal: undefined,
    podIps: [],
    containers: new Map(),
    probes: new Map(),
    retries: new Map(),
  };
}

export function containerMemory(memory: PodMemory, name: string): ContainerMemory {
  let found = memory.containers.get(name);
  if (!found) {
    found = { image: undefined, waiting: undefined };
    memory.containers.set(name, found);
  }
  return found;
}
