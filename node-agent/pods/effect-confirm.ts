import { mayRunCondition } from '#api/fence.ts';
import type { V1PodCondition } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { PodContext } from './context.ts';

/**
 * Writes into the pod that it runs here in this time of contact. The server deletes what it replaces only at the version it has
 * seen before it gave this machine up: after this write such a deletion is refused, and before it this write is.
 */
export async function confirmPod(context: PodContext, signal: AbortSignal): Promise<void> {
  const { client, fence, host, clock, reporter } = context.deps;
  const { contact } = fence;
  const { name, namespace = '', uid } = context.pod().metadata;
  await fence.admit(uid, host.cgroupParent(context.place));
  const found = await client.get(pods, { namespace, name }, { signal });
  if (found.metadata.uid !== uid)
    throw new Error('the server has another pod of this name: waiting for the news of it');
  if (found.metadata.deletionTimestamp !== undefined)
    throw new Error('the pod is being deleted: waiting for the news of it');
  const now = new Date(clock.now()).toISOString();
  const condition: V1PodCondition = {
    type: mayRunCondition,
    status: 'True',
    reason: 'MachineInContact',
    // Unlike any other: a write that changes nothing would leave the version as it is.
    message: `the machine is in contact with the server, as of ${now} (${context.deps.random.suffix(8)})`,
    lastTransitionTime: now.replace(/\.\d{3}Z$/, 'Z'),
  };
  const conditions = [...(found.status?.conditions ?? []).filter(({ type }) => type !== mayRunCondition), condition];
  const written = await client.updateStatus(pods, { ...found, status: { ...found.status, conditions } }, { signal });
  fence.confirm(uid, contact);
  reporter.observe(written);
}
