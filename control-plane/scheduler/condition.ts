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

/** Tells in the pod's status why it has no node. Never rejects: the next attempt says it again. */
export async function reportUnschedulable(context: ReportContext, { pod }: PodInfo, message: string): Promise<void> {
  const { client, clock, log, signal } = context;
  const known = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message) return;
  const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastProbeTime: null,
    lastTransitionTime: (known?.status === 'False' && known.lastTransitionTime) || now,
  };
  // The uid in the patch keeps it from a successor of the same name.
  const body = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  const { namespace, name } = pod.metadata;
  try {
    await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
  } catch (error) {
    if (isNotFound(error) || signal.aborted) return;
    log.warn({ err: error, pod: `${namespace}/${name}` }, 'cannot report that the pod fits nowhere');
  }
}
