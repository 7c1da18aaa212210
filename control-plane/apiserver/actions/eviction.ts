import type { V1Pod, V1PodDisruptionBudget } from '#api/generated/types.ts';
import { podDisruptionBudgets, pods } from '#api/kinds.ts';
import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { internalError, notFound, StatusError, staleVersion } from '#api/status-error.ts';
import { isRecord } from '../http/json.ts';
import type { RequestContext, ResourceRegistry } from '../registry/registry.ts';
import type { Action } from './action.ts';
import { asType, isOfType } from './of-type.ts';
import { success } from './success.ts';

/** Deletes a pod unless a disruption budget speaks against it (429: try again later). */
export const evictPod: Action = async (host, context, key, body, options) => {
  const podRegistry = host.registry(pods.group, pods.version, pods.resource);
  if (!podRegistry) throw notFound(pods, key.name);
  const { object } = await podRegistry.get(context, key, {});
  const pod = asType(pods, object);
  const budgets = host.registry(
    podDisruptionBudgets.group,
    podDisruptionBudgets.version,
    podDisruptionBudgets.resource,
  );
  if (budgets && needsBudget(pod))
    await spendBudget(budgets, context, key, pod, options.dryRun === true, host.clock.now());
  const asked: unknown = Reflect.get(body, 'deleteOptions');
  const dryRun = options.dryRun ? { dryRun: ['All'] } : {};
  await podRegistry.delete(context, key, {
    preconditions: { uid: pod.metadata?.uid },
    ...(isRecord(asked) && asked),
    ...dryRun,
  });
  return success(201);
};

/** What has ended, or never began, disturbs nobody. */
const needsBudget = ({ metadata, status }: V1Pod): boolean =>
  !metadata?.deletionTimestamp && !['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');

async function spendBudget(
  budgets: ResourceRegistry,
  context: RequestContext,
  key: ObjectKey,
  pod: V1Pod,
  dryRun: boolean,
  nowMs: number,
): Promise<void> {
  const { items } = await budgets.list(context, { namespace: key.namespace });
  const matching = items
    .map(({ object }): KubeObject => object)
    .filter((object): object is V1PodDisruptionBudget => isOfType(podDisruptionBudgets, object))
    .filter(
      ({ spec }) => spec?.selector && matchesLabels(fromLabelSelectorObject(spec.selector), pod.metadata?.labels ?? {}),
    );
  if (matching.length > 1) {
    throw internalError(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const budget = matching[0];
  if (!budget || isUnhealthyAndFree(budget, pod)) return;
  const name = budget.metadata?.name ?? '';
  await budgets.modify(
    context,
    { namespace: key.namespace, name },
    (current) => spent(asType(podDisruptionBudgets, current), key.name, nowMs),
    { subresource: 'status', dryRun },
  );
}

/** With AlwaysAllow a pod that is not ready may go whatever the budget says. */
function isUnhealthyAndFree(budget: V1PodDisruptionBudget, pod: V1Pod): boolean {
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return !isReady && budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow';
}

function spent(budget: V1PodDisruptionBudget, podName: string, nowMs: number): V1PodDisruptionBudget {
  const { status, metadata } = budget;
  const name = metadata?.name ?? '';
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const allowed = status?.disruptionsAllowed ?? 0;
  if (allowed <= 0) {
    const counts = `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`;
    throw refusal(counts, 0);
  }
  if (Object.keys(status?.disruptedPods ?? {}).length > 2000) throw staleVersion(podDisruptionBudgets, name);
  const disruptedPods = { ...status?.disruptedPods, [podName]: new Date(nowMs).toISOString() };
  return { ...budget, status: { ...status, disruptionsAllowed: allowed - 1, disruptedPods } };
}

const refusal = (why: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    ...(retryAfterSeconds && { retryAfterSeconds }),
    causes: [{ reason: 'DisruptionBudget', message: why }],
  });
