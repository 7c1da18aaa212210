import type { CoreV1Event, V1Pod } from '#api/generated/types.ts';
import { longTime } from '../lines.ts';
import { containerProblem, missingProblem } from './container.ts';
import type { Problem } from './problem.ts';
import { scheduleProblem } from './schedule.ts';

/** Ending may take a little longer than promised. */
const endingSlackMs = 30_000;

/** All that keeps the pod from being well; empty when it is, or is just on its way. `events`: the pod's, oldest first. */
export function podProblems(pod: V1Pod, events: readonly CoreV1Event[], nowMs: number): Problem[] {
  const { metadata, spec, status } = pod;
  if (metadata?.deletionTimestamp) return endingProblems(pod, nowMs);
  if (status?.phase === 'Succeeded') return [];
  const schedule = scheduleProblem(pod);
  if (schedule) return [schedule];
  const evicted = wholePodProblem(pod);
  if (evicted) return [evicted];
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const found = containers.flatMap((container) => {
    const one = statuses.find(({ name }) => name === container.name);
    const problem = one && containerProblem({ pod, container, status: one, events, nowMs });
    return problem ? [problem] : [];
  });
  return found.length > 0 ? found : stuckProblems(pod, events);
}

/** What the node says of the pod as a whole: evicted, lost. */
function wholePodProblem({ status, spec }: V1Pod): Problem | undefined {
  if (status?.reason === 'NodeLost') {
    return {
      what: `its node ${spec?.nodeName} does not answer, so nobody knows how it is`,
      advice: `Look at the node with: berth describe node/${spec?.nodeName}`,
    };
  }
  if (status?.phase !== 'Failed' || !status.reason) return undefined;
  return {
    what: `it has failed (${status.reason}): ${status.message ?? 'no reason was given'}`,
    advice:
      status.reason === 'Evicted'
        ? `Give the node more room, or lower what pods need: berth describe node/${spec?.nodeName}`
        : 'Delete it and make a new one when the reason is gone',
  };
}

/** Before any container: volumes that cannot be mounted, a network that is not there. */
function stuckProblems({ spec, status }: V1Pod, events: readonly CoreV1Event[]): Problem[] {
  const waiting = (status?.containerStatuses ?? []).some(({ state }) => state?.waiting);
  if (!waiting && status?.phase !== 'Pending') return gateProblems({ spec, status });
  const last = events.at(-1);
  const warning = events.findLast(({ type }) => type === 'Warning');
  // A warning that was followed by success is over.
  if (!warning || (last?.type !== 'Warning' && last?.reason === 'Started')) return [];
  if (warning.reason === 'FailedMount' || warning.reason === 'FailedAttachVolume') {
    return [missingProblem('its volumes cannot be mounted', warning.message ?? '')];
  }
  if (warning.reason === 'FailedCreatePodSandBox') {
    return [
      {
        what: `it cannot start: ${warning.message}`,
        advice: 'This is about the node, not about the pod: look at its logs with berth status',
      },
    ];
  }
  return [];
}

function gateProblems({ spec, status }: V1Pod): Problem[] {
  const missing = (spec?.readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter((gate) => !status?.conditions?.some(({ type, status: is }) => type === gate && is === 'True'));
  if (missing.length === 0) return [];
  return [
    {
      what: `it runs, but counts as ready only when these conditions are true: ${missing.join(', ')}`,
      advice: 'They are set by whoever asked for the readiness gates; look there',
    },
  ];
}

function endingProblems({ metadata }: V1Pod, nowMs: number): Problem[] {
  const overdue = nowMs - Date.parse(metadata?.deletionTimestamp ?? '') > endingSlackMs;
  if (!overdue) return [];
  const finalizers = metadata?.finalizers ?? [];
  return [
    {
      what: `it should be gone since ${longTime(metadata?.deletionTimestamp)}${finalizers.length > 0 ? `, but waits for its finalizers: ${finalizers.join(', ')}` : ''}`,
      advice:
        finalizers.length > 0
          ? 'They are removed by whoever set them; look there'
          : `See whether its node answers: berth get nodes. To forget it: berth delete pod ${metadata?.name} --force --grace-period=0`,
    },
  ];
}
