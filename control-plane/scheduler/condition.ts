import { pods } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { PodInfo } from './types.ts';

export interface ReportContext {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Writes one condition of a pod, and `more` of its status. Rejects with a StatusError. */
export async function writeCondition(
  { client, clock, signal }: ReportContext,
  { pod }: PodInfo,
  condition: Condition,
  more: object = {},
): Promise<void> {
  const known = pod.status?.conditions?.find((one) => one.type === condition.type);
  const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const lastTransitionTime = (known?.status === condition.status && known.lastTransitionTime) || now;
  const conditions = [{ ...condition, lastProbeTime: null, lastTransitionTime }];
  const { namespace, name, uid } = pod.metadata;
  // The uid in the patch keeps it from a successor of the same name.
  const body = { metadata: { uid }, status: { ...more, conditions } };
  await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
}

/** Tells in the pod's status why it has no node. Never rejects: the next attempt says it again. */
export async function reportUnschedulable(
  context: ReportContext,
  info: PodInfo,
  message: string,
  nominatedNodeName?: string,
): Promise<void> {
  const { log, signal } = context;
  const { status, metadata } = info.pod;
  const known = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  const said = known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message;
  if (said && (nominatedNodeName === undefined || nominatedNodeName === status?.nominatedNodeName)) return;
  const condition: Condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  try {
    await writeCondition(context, info, condition, nominatedNodeName === undefined ? {} : { nominatedNodeName });
  } catch (error) {
    if (isNotFound(error) || signal.aborted) return;
    log.warn({ err: error, pod: `${metadata.namespace}/${metadata.name}` }, 'cannot report that the pod fits nowhere');
  }
}
