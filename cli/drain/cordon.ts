import { nodes } from '#api/kinds.ts';
import type { ApiClient } from '#client/api-client.ts';

/** Whether a node takes new pods. Returns false when it was so already. `dryRun`: nothing is changed. */
export async function setUnschedulable(
  client: ApiClient,
  name: string,
  unschedulable: boolean,
  dryRun: 'none' | 'client' | 'server',
  signal: AbortSignal,
): Promise<boolean> {
  const node = await client.get(nodes, { name }, { signal });
  if ((node.spec?.unschedulable ?? false) === unschedulable) return false;
  if (dryRun === 'client') return true;
  const body = { spec: { unschedulable: unschedulable || null } };
  await client.patch(nodes, { name }, { type: 'merge', body }, { dryRun: dryRun === 'server', signal });
  return true;
}
