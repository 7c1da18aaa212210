import type { V1Service } from '#api/generated/types.ts';
import { isReachable, isServedBy, isWithdrawn } from '#api/withdrawal.ts';
import type { ShutdownOrder } from '../shutdown/shutdown.ts';
import type { Action, PodSituation } from './action.ts';
import type { PodMemory, WithdrawalSettings } from './memory.ts';
import type { ApiPod } from './pod-model.ts';

/** A wait may not take more of the grace period than this share: the rest is the processes' own. */
const graceShareMax = 0.5;

/** Services may go together with their pods, and then nobody withdraws anything: how often to look for that. */
const recheckMs = 500;

export interface WithdrawalContext {
  readonly settings: WithdrawalSettings;
  readonly services: () => readonly V1Service[];
  /** What the machine wants of the pod when it goes down. */
  readonly shutdown?: ShutdownOrder | undefined;
}

/** Notes what is seen, before each look at a pod. Whether it was ready counts at the moment it is first seen that it goes. */
export function noteWithdrawal(
  memory: PodMemory,
  pod: ApiPod,
  nowMs: number,
  { settings, services, shutdown }: WithdrawalContext,
): void {
  const stops = shutdown?.kind === 'stop' && shutdown.told;
  if (pod.metadata.deletionTimestamp === undefined && !stops) return;
  const isServed = (): boolean => services().some((service) => isServedBy(service, pod));
  const known = memory.withdrawal;
  if (!known) {
    const needed = settings.waitMaxMs > 0 && isReachable(pod) && isReady(pod) && isServed();
    memory.withdrawal = { ...settings, needed, sinceMs: nowMs, doneMs: isWithdrawn(pod) ? nowMs : undefined };
  } else if (known.needed && known.doneMs === undefined && memory.stoppingSinceMs === undefined) {
    if (isWithdrawn(pod)) memory.withdrawal = { ...known, doneMs: nowMs };
    else if (!isServed()) memory.withdrawal = { ...known, needed: false };
  }
}

/**
 * Pure: what to wait for before the containers of a deleted pod are told to stop. The wait is a part of the grace period, as a preStop
 * hook is, and at most half of it.
 */
export function withdrawalWait(situation: PodSituation, graceSeconds: number): Action | undefined {
  const { memory, gone, nowMs, fence } = situation;
  const { withdrawal } = memory;
  // Nobody has heard that the machine goes: nobody will answer.
  if (situation.shutdown?.kind === 'stop' && !situation.shutdown.told) return undefined;
  if (!withdrawal?.needed || gone || fence === 'stop' || memory.stoppingSinceMs !== undefined) return undefined;
  const { sinceMs, doneMs, waitMaxMs, settleMs } = withdrawal;
  const latestMs = sinceMs + Math.min(waitMaxMs, graceSeconds * 1000 * graceShareMax);
  const untilMs = doneMs === undefined ? latestMs : Math.min(latestMs, doneMs + settleMs);
  // A clock that was set back must not make it wait longer than it would have to from the beginning.
  if (nowMs >= untilMs || nowMs < sinceMs) return undefined;
  return { kind: 'wait', untilMs: Math.min(untilMs, nowMs + recheckMs) };
}

const isReady = ({ status }: ApiPod): boolean =>
  status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;

/** Since when the pod's grace period runs. */
export const stoppingSince = ({ stoppingSinceMs, withdrawal }: Readonly<PodMemory>): number | undefined =>
  stoppingSinceMs ?? (withdrawal?.needed ? withdrawal.sinceMs : undefined);
