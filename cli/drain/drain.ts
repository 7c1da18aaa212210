import type { V1Eviction, V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound, StatusError } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import type { ApiClient } from '#client/api-client.ts';
import { blockerOf, describeBlocker } from './blockers.ts';
import { setUnschedulable } from './cordon.ts';
import { type Blocker, DrainError, type DrainEvent, type DrainOptions, type PodName } from './options.ts';
import { podsToDrain } from './select-pods.ts';

/** As kubectl. */
const retryMs = 5_000;
const lookMs = 500;

/**
 * Cordons the node and sends its pods away, all at once; returns when the last is gone. Disruption budgets are asked again and
 * again until they agree or the time is up. Throws a DrainError that says what is in the way; the node stays cordoned.
 */
export async function drainNode(
  client: ApiClient,
  name: string,
  options: DrainOptions,
  report: (event: DrainEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const dryRun = options.dryRun ?? 'none';
  if (!options.cordoned) {
    const changed = await setUnschedulable(client, name, true, dryRun, signal);
    report({ kind: 'cordoned', node: name, already: !changed });
  }
  const chosen = await podsToDrain(client, name, options, signal);
  if (chosen.refusals.length > 0) {
    const [first = ''] = chosen.refusals;
    throw new DrainError(chosen.refusals.length > 1 ? `[${chosen.refusals.join(', ')}]` : first);
  }
  if (chosen.warnings.length > 0) report({ kind: 'warning', message: chosen.warnings.join('; ') });
  await sendAway(client, chosen.pods, options, report, signal);
  report({ kind: 'drained', node: name });
}

async function sendAway(
  client: ApiClient,
  chosen: readonly Stored<V1Pod>[],
  options: DrainOptions,
  report: (event: DrainEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, timeoutMs = 0 } = options;
  const life = new AbortController();
  const onAbort = (): void => life.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = timeoutMs > 0 ? clock.setTimer(timeoutMs, () => life.abort(new TimeIsUp())) : undefined;
  const pending = new Map<string, { pod: PodName; why: Blocker | undefined }>();
  for (const pod of chosen) pending.set(pod.metadata.uid, { pod: podName(pod), why: undefined });
  try {
    const blocked = (pod: Stored<V1Pod>, why: Blocker): void => {
      pending.set(pod.metadata.uid, { pod: podName(pod), why });
      report({ kind: 'blocked', pod: podName(pod), why, retryMs });
    };
    const results = await Promise.allSettled(
      chosen.map(async (pod) => {
        await sendOne(client, pod, options, report, blocked, life.signal);
        pending.delete(pod.metadata.uid);
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (!failed) return;
    signal.throwIfAborted();
    throw drainError(failed.reason, [...pending.values()], timeoutMs);
  } finally {
    timer?.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

function drainError(reason: unknown, pending: DrainError['pending'], timeoutMs: number): DrainError {
  if (!(reason instanceof TimeIsUp)) return new DrainError(messageOf(reason), pending, { cause: reason });
  const rest = pending.map(({ pod, why }) => {
    const name = `${pod.namespace}/${pod.name}`;
    return why ? `${name} (${describeBlocker(why)})` : `${name} (it has not ended yet)`;
  });
  return new DrainError(`global timeout reached: ${timeoutMs / 1000}s; still there: ${rest.join(', ')}`, pending);
}

const podName = ({ metadata }: Stored<V1Pod>): PodName => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

async function sendOne(
  client: ApiClient,
  pod: Stored<V1Pod>,
  options: DrainOptions,
  report: (event: DrainEvent) => void,
  blocked: (pod: Stored<V1Pod>, why: Blocker) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, dryRun = 'none', disableEviction = false } = options;
  for (;;) {
    signal.throwIfAborted();
    report({ kind: 'evicting', pod: podName(pod) });
    if (dryRun === 'client') return;
    try {
      await (disableEviction ? remove(client, pod, options, signal) : evict(client, pod, options, signal));
      break;
    } catch (error) {
      if (isNotFound(error) || (isConflict(error) && (await isGone(client, pod, options, signal)))) break;
      if (!(error instanceof StatusError) || (error.code !== 429 && !isConflict(error))) {
        signal.throwIfAborted();
        const { namespace, name } = podName(pod);
        throw new Error(`error when evicting pods/"${name}" -n "${namespace}": ${messageOf(error)}`, { cause: error });
      }
      if (error.code === 429) blocked(pod, await blockerOf(client, pod, error, signal));
    }
    await clock.sleep(retryMs, signal);
  }
  if (dryRun === 'none') {
    while (!(await isGone(client, pod, options, signal))) await clock.sleep(lookMs, signal);
  }
  report({ kind: 'gone', pod: podName(pod), deleted: disableEviction });
}

async function evict(client: ApiClient, pod: Stored<V1Pod>, options: DrainOptions, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  const { gracePeriodSeconds } = options;
  const body: V1Eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid }, ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }) },
  };
  await client.createSubresource(pods, { namespace, name }, 'eviction', body, {
    dryRun: options.dryRun === 'server',
    signal,
  });
}

async function remove(
  client: ApiClient,
  pod: Stored<V1Pod>,
  options: DrainOptions,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  const { gracePeriodSeconds } = options;
  await client.delete(
    pods,
    { namespace, name },
    { preconditions: { uid }, gracePeriodSeconds, dryRun: options.dryRun === 'server', signal },
  );
}

/** Its place may be taken by a pod of the same name, as with StatefulSets: that is another pod. */
async function isGone(
  client: ApiClient,
  { metadata }: Stored<V1Pod>,
  { clock, skipDeletedAfterSeconds = 0 }: DrainOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, name, uid } = metadata;
  try {
    const { metadata: now } = await client.get(pods, { namespace, name }, { signal });
    const since = now.deletionTimestamp && Date.parse(now.deletionTimestamp);
    const isLate = skipDeletedAfterSeconds > 0 && since && clock.now() - since > skipDeletedAfterSeconds * 1000;
    return now.uid !== uid || Boolean(isLate);
  } catch (error) {
    if (isNotFound(error)) return true;
    signal.throwIfAborted();
    throw error;
  }
}
