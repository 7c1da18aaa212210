import type { V1ContainerStatus, V1PodCondition } from '#api/generated/types.ts';
import { endpointsWithdrawnCondition } from '#api/withdrawal.ts';
import { goingDownMessage } from '../shutdown/shutdown.ts';
import { isoSeconds, type StatusInput } from './container-state.ts';
import { readySandbox } from './observed.ts';
import { specOf } from './pod-model.ts';

interface ConditionsInput extends StatusInput {
  readonly phase: string;
  readonly init: readonly V1ContainerStatus[];
  readonly main: readonly V1ContainerStatus[];
  readonly pastInit: boolean;
}

interface Verdict {
  readonly status: boolean;
  readonly reason?: string;
  readonly message?: string;
}

const yes: Verdict = { status: true };

/** The conditions that the agent owns, with all others as they are. A transition time changes only with its status. */
export function podConditions(input: ConditionsInput): V1PodCondition[] {
  const before = input.pod.status?.conditions ?? [];
  const containersReady = containersReadiness(input);
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', { status: readySandbox(input.observed) !== undefined && hasAddress(input) }],
    ['Initialized', initialized(input)],
    ['Ready', readiness(input, containersReady)],
    ['ContainersReady', containersReady],
    ['PodScheduled', yes],
  ];
  const own = verdicts.map(([type, verdict]): V1PodCondition => {
    const old = before.find((condition) => condition.type === type);
    const status = verdict.status ? 'True' : 'False';
    const generation = input.pod.metadata.generation;
    return {
      type,
      status,
      ...(generation !== undefined && { observedGeneration: generation }),
      ...(verdict.reason && { reason: verdict.reason }),
      ...(verdict.message && { message: verdict.message }),
      lastProbeTime: undefined,
      lastTransitionTime:
        old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : isoSeconds(input.nowMs),
    };
  });
  const others = before.filter((condition) => !verdicts.some(([type]) => type === condition.type));
  return [...own, ...withdrawalOf(input, others)];
}

/** Asks for the withdrawal of a pod that its machine stops. What was said of one that is to run again is over. */
function withdrawalOf(
  { goingDown, memory, pod, nowMs }: ConditionsInput,
  others: readonly V1PodCondition[],
): readonly V1PodCondition[] {
  const goes = goingDown || pod.metadata.deletionTimestamp !== undefined;
  if (!goes) return others.filter(({ type }) => type !== endpointsWithdrawnCondition);
  if (!goingDown || !memory.withdrawal?.needed) return others;
  if (others.some(({ type }) => type === endpointsWithdrawnCondition)) return others;
  const asked = {
    type: endpointsWithdrawnCondition,
    status: 'False',
    reason: shutdownReason,
    message: goingDownMessage,
    lastTransitionTime: isoSeconds(nowMs),
  };
  return [...others, asked];
}

const shutdownReason = 'NodeShutdown';

const hasAddress = ({ pod, memory }: ConditionsInput): boolean =>
  specOf(pod).hostNetwork === true || memory.podIps.length > 0;

function initialized({ init, pastInit, phase, pod }: ConditionsInput): Verdict {
  if ((specOf(pod).initContainers ?? []).length === 0 || pastInit) {
    return phase === 'Succeeded' ? { status: true, reason: 'PodCompleted' } : yes;
  }
  const incomplete = init.filter(({ ready }) => !ready).map(({ name }) => name);
  return {
    status: false,
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  };
}

function containersReadiness({ main, init, pod, phase }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: false, reason: 'PodFailed' };
  const sidecars = new Set(
    (specOf(pod).initContainers ?? []).flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : [])),
  );
  const counted = [...init.filter(({ name }) => sidecars.has(name)), ...main];
  const unready = counted.filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return yes;
  return {
    status: false,
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  };
}

function readiness({ pod, goingDown }: ConditionsInput, containersReady: Verdict): Verdict {
  if (!containersReady.status) return containersReady;
  if (goingDown) return { status: false, reason: shutdownReason, message: goingDownMessage };
  const conditions = pod.status?.conditions ?? [];
  const missing = (specOf(pod).readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = conditions.find(({ type }) => type === conditionType);
    if (!found) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  if (missing.length === 0) return yes;
  return { status: false, reason: 'ReadinessGatesNotReady', message: missing.join(', ') };
}
