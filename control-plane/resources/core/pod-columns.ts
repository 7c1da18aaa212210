import type { V1ContainerState, V1Pod } from '#api/generated/types.ts';
import type { TableColumn } from '../../apiserver/resource-definition.ts';
import { ageColumn, ageOf, column, nameColumn, none } from '../columns.ts';

export const podColumns: readonly TableColumn<V1Pod>[] = [
  nameColumn(),
  column('Ready', (pod) => summarise(pod).ready, { description: 'Containers that are ready, of all that should run.' }),
  column('Status', (pod) => summarise(pod).status, { description: 'What the pod is doing, or why it is not.' }),
  column('Restarts', (pod, nowMs) => restartsText(summarise(pod), nowMs), {
    description: 'How often its containers were started again, and how long ago the last one ended.',
  }),
  ageColumn(),
  column('IP', (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || none, {
    wide: true,
    description: 'Address of the pod.',
  }),
  column('Node', (pod) => pod.spec?.nodeName || none, { wide: true, description: 'The node it is bound to.' }),
  column('Nominated Node', (pod) => pod.status?.nominatedNodeName || none, {
    wide: true,
    description: 'Where room is being made for it.',
  }),
  column('Readiness Gates', readinessGates, {
    wide: true,
    description: 'Conditions of others that hold, of all asked for.',
  }),
];

interface PodSummary {
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  /** When the container that was started again last had ended. */
  readonly lastRestart: string | undefined;
}

const restartsText = ({ restarts, lastRestart }: PodSummary, nowMs: number): string =>
  restarts > 0 && lastRestart ? `${restarts} (${ageOf(lastRestart, nowMs)} ago)` : String(restarts);

const isTrue = (pod: V1Pod, type: string): boolean =>
  (pod.status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

const later = (a: string | undefined, b: string | undefined): string | undefined => {
  if (!a || !b) return a ?? b;
  return Date.parse(b) > Date.parse(a) ? b : a;
};

/** The line of `kubectl get pods`, by the same rules: init containers first, then the last container that has a reason. */
export function summarise(pod: V1Pod): PodSummary {
  const { spec, status = {} } = pod;
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').map((one) => one.name),
  );
  const init = initSummary(pod, sidecars);
  const gated = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated',
  );
  let reason = gated ? 'SchedulingGated' : status.reason || status.phase || 'Unknown';
  let { ready, restarts, lastRestart } = init;
  if (init.reason) reason = init.reason;
  if (!init.reason || isTrue(pod, 'Initialized')) {
    restarts = init.sidecarRestarts;
    lastRestart = init.lastSidecarRestart;
    let running = false;
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      restarts += container.restartCount ?? 0;
      lastRestart = later(lastRestart, container.lastState?.terminated?.finishedAt);
      const own = reasonOf(container.state);
      if (own) reason = own;
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    if (reason === 'Completed' && running) reason = isTrue(pod, 'Ready') ? 'Running' : 'NotReady';
  }
  if (pod.metadata?.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown';
    else if (status.phase !== 'Failed' && status.phase !== 'Succeeded') reason = 'Terminating';
  }
  const total = (spec?.containers ?? []).length + sidecars.size;
  return { ready: `${ready}/${total}`, status: reason, restarts, lastRestart };
}

interface InitSummary {
  ready: number;
  restarts: number;
  sidecarRestarts: number;
  lastRestart?: string | undefined;
  lastSidecarRestart?: string | undefined;
  /** Set while a container of the initialisation has not done its part. */
  reason?: string | undefined;
}

function initSummary(pod: V1Pod, sidecars: ReadonlySet<string>): InitSummary {
  const found: InitSummary = { ready: 0, restarts: 0, sidecarRestarts: 0 };
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const { state } = container;
    const ended = container.lastState?.terminated?.finishedAt;
    found.restarts += container.restartCount ?? 0;
    found.lastRestart = later(found.lastRestart, ended);
    const sidecar = sidecars.has(container.name);
    if (sidecar) {
      found.sidecarRestarts += container.restartCount ?? 0;
      found.lastSidecarRestart = later(found.lastSidecarRestart, ended);
    }
    if (state?.terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) found.ready++;
      continue;
    }
    const waiting = state?.waiting?.reason;
    if (state?.terminated) found.reason = `Init:${reasonOf(state)}`;
    else if (waiting && waiting !== 'PodInitializing') found.reason = `Init:${waiting}`;
    else found.reason = `Init:${index}/${pod.spec?.initContainers?.length ?? 0}`;
    break;
  }
  return found;
}

function reasonOf(state: V1ContainerState | undefined): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  const ended = state?.terminated;
  if (!ended) return undefined;
  if (ended.reason) return ended.reason;
  return ended.signal ? `Signal:${ended.signal}` : `ExitCode:${ended.exitCode}`;
}

function readinessGates(pod: V1Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  return `${gates.filter((gate) => isTrue(pod, gate.conditionType)).length}/${gates.length}`;
}
