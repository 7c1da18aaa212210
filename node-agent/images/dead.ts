/** Which containers and sandboxes that have ended may be removed. Pure; the agent removes them. */
import { identityLabels } from '../runtime/identity-labels.ts';
import type { Container, Sandbox } from '../runtime/runtime.ts';

export interface DeadContainersInput {
  readonly containers: readonly Container[];
  /** Whether the agent still has the pod; of others nothing is kept. */
  readonly hasPod: (podUid: string) => boolean;
  readonly nowMs: number;
  /** Ended attempts that stay for each container of a pod, the newest. @default 1 */
  readonly keepPerContainer?: number | undefined;
  /** Younger ones stay. @default 0 */
  readonly minAgeMs?: number | undefined;
}

const podUidOf = ({ labels }: Container): string => labels[identityLabels.podUid] ?? '';

/** Oldest first. The logs of what is removed go with it, so the last ended attempt of each container stays. */
export function selectDeadContainers(input: DeadContainersInput): Container[] {
  const { containers, hasPod, nowMs, keepPerContainer = 1, minAgeMs = 0 } = input;
  const ended = containers.filter(({ state }) => state === 'exited' || state === 'unknown');
  const groups = Map.groupBy(ended, (container) => `${podUidOf(container)} ${container.name}`);
  const surplus = [...groups.values()].flatMap((group) => {
    const newestFirst = group.toSorted((a, b) => b.createdAtMs - a.createdAtMs || b.attempt - a.attempt);
    return newestFirst.filter((container, index) => !hasPod(podUidOf(container)) || index >= keepPerContainer);
  });
  return surplus
    .filter(({ createdAtMs }) => nowMs - createdAtMs >= minAgeMs)
    .sort((a, b) => a.createdAtMs - b.createdAtMs);
}

export interface DeadSandboxesInput {
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly Container[];
  readonly hasPod: (podUid: string) => boolean;
  readonly nowMs: number;
  readonly minAgeMs?: number | undefined;
}

/** Ended sandboxes without containers; of a pod that the agent still has, the newest sandbox stays. */
export function selectDeadSandboxes(input: DeadSandboxesInput): Sandbox[] {
  const { sandboxes, containers, hasPod, nowMs, minAgeMs = 0 } = input;
  const occupied = new Set(containers.map(({ sandboxId }) => sandboxId));
  const newest = new Map<string, Sandbox>();
  for (const sandbox of sandboxes) {
    const best = newest.get(sandbox.pod.uid);
    if (!best || isNewer(sandbox, best)) newest.set(sandbox.pod.uid, sandbox);
  }
  return sandboxes.filter(
    (sandbox) =>
      !sandbox.ready &&
      !occupied.has(sandbox.id) &&
      nowMs - sandbox.createdAtMs >= minAgeMs &&
      (!hasPod(sandbox.pod.uid) || newest.get(sandbox.pod.uid) !== sandbox),
  );
}

const isNewer = (a: Sandbox, b: Sandbox): boolean =>
  a.createdAtMs !== b.createdAtMs ? a.createdAtMs > b.createdAtMs : a.pod.attempt > b.pod.attempt;
