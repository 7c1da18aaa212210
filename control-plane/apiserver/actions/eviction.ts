import type { V1DeleteOptions, V1Pod, V1PodDisruptionBudget } from '#api/generated/types.ts';
import { podDisruptionBudgets, pods } from '#api/kinds.ts';
import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import { badRequest, forbidden, internalError, notFound, StatusError } from '#api/status-error.ts';
import { checkPreconditions } from '../registry/deletion.ts';
import type { RequestContext, ResourceRegistry } from '../registry/registry.ts';
import type { Action } from './action.ts';
import { asType, isOfType } from './of-type.ts';
import { success } from './success.ts';

/** Deletes a pod unless a disruption budget speaks against it (429: try again later). */
export const evictPod: Action = async (host, context, key, body, options) => {
  const podRegistry = host.registry(pods.group, pods.version, pods.resource);
  if (!podRegistry) throw notFound(pods, key.name);
  const named = body.metadata?.name;
  if (named !== undefined && named !== key.name) {
    throw badRequest(`name in URL does not match name in Eviction object: ${named} != ${key.name}`);
  }
  const { object } = await podRegistry.get(context, key, {});
  const pod = asType(pods, object);
  const budgets = host.registry(
    podDisruptionBudgets.group,
    podDisruptionBudgets.version,
    podDisruptionBudgets.resource,
  );
  const asked = deleteOptionsOf(body);
  // Clients that only try say so here or there; `kubectl drain --dry-run=server` in the deleteOptions.
  const dryRun = options.dryRun === true || (asked.dryRun ?? []).length > 0;
  // Nothing is spent, and no pod is marked, for one that is not meant.
  checkPreconditions(object, asked, pods);
  const nowMs = host.clock.now();
  if (budgets && needsBudget(pod)) await spendBudget(budgets, context, key, pod, dryRun, nowMs);
  const marked = dryRun ? pod : await mark(podRegistry, context, key, pod, nowMs);
  await podRegistry.delete(context, key, {
    preconditions: { uid: marked.metadata?.uid },
    ...asked,
    ...(dryRun && { dryRun: ['All'] }),
  });
  return success(201);
};

/** Decoded with the body. */
function deleteOptionsOf(body: KubeObject): V1DeleteOptions {
  const asked: unknown = Reflect.get(body, 'deleteOptions');
  return isDeleteOptions(asked) ? asked : {};
}

const isDeleteOptions = (value: unknown): value is V1DeleteOptions => isJsonObject(value);

/** Says on the pod why it goes, for those who see it end. */
async function mark(
  registry: ResourceRegistry,
  context: RequestContext,
  key: ObjectKey,
  { metadata }: V1Pod,
  nowMs: number,
): Promise<V1Pod> {
  const { entry } = await registry.modify(
    context,
    key,
    (current) => {
      const pod = asType(pods, current);
      if (pod.metadata?.uid !== metadata?.uid) throw notFound(pods, key.name);
      const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
      const lastTransitionTime = formatTime(nowMs);
      const reason = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
      const condition = { type: 'DisruptionTarget', status: 'True', lastTransitionTime, ...reason };
      return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
    },
    { subresource: 'status' },
  );
  return asType(pods, entry.object);
}

/** RFC 3339 in whole seconds, as Kubernetes writes metav1.Time. */
const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

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

/** A pod that is not ready helps nobody: it may go where the policy says so, or as long as enough others are healthy. */
function isUnhealthyAndFree({ spec, status }: V1PodDisruptionBudget, pod: V1Pod): boolean {
  const isReady = pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
  if (isReady) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const desired = status?.desiredHealthy ?? 0;
  return desired > 0 && (status?.currentHealthy ?? 0) >= desired;
}

const disruptedMax = 2000;

function spent(budget: V1PodDisruptionBudget, podName: string, nowMs: number): V1PodDisruptionBudget {
  const { status, metadata } = budget;
  const name = metadata?.name ?? '';
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, 10);
  }
  const allowed = status?.disruptionsAllowed ?? 0;
  if (allowed < 0) throw forbidden(podDisruptionBudgets, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status?.disruptedPods ?? {}).length > disruptedMax) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(podDisruptionBudgets, name, why);
  }
  if (allowed === 0) throw refusal(whyNone(budget), 0);
  const left = allowed - 1;
  const conditions = (status?.conditions ?? []).map((one) =>
    left === 0 && one.type === 'DisruptionAllowed' && one.status === 'True'
      ? { ...one, status: 'False', reason: 'InsufficientPods', lastTransitionTime: formatTime(nowMs) }
      : one,
  );
  const disruptedPods = { ...status?.disruptedPods, [podName]: formatTime(nowMs) };
  return { ...budget, status: { ...status, disruptionsAllowed: left, disruptedPods, conditions } };
}

function whyNone({ metadata, status }: V1PodDisruptionBudget): string {
  const name = metadata?.name ?? '';
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed');
  if (condition?.status === 'False' && condition.reason === 'SyncFailed') {
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`;
  }
  return `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`;
}

const refusal = (why: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    ...(retryAfterSeconds && { retryAfterSeconds }),
    causes: [{ reason: 'DisruptionBudget', message: why }],
  });
