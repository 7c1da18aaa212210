import { isDeepStrictEqual } from 'node:util';
import type { V1Node } from '#api/generated/types.ts';
import type { ClusterEvent } from './types.ts';

/** What of a node's change matters to scheduling. Heartbeats and conditions do not: the taints that follow them do. */
export function nodeEvents(node: V1Node, old: V1Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  const specChanged =
    !isDeepStrictEqual(node.spec?.taints, old.spec?.taints) ||
    Boolean(node.spec?.unschedulable) !== Boolean(old.spec?.unschedulable);
  if (!isDeepStrictEqual(node.status?.allocatable, old.status?.allocatable)) events.push('node-allocatable');
  if (!isDeepStrictEqual(node.metadata?.labels, old.metadata?.labels)) events.push('node-labels');
  if (specChanged) events.push('node-taints');
  return events;
}

export const imagesChanged = (node: V1Node, old: V1Node): boolean =>
  !isDeepStrictEqual(node.status?.images, old.status?.images);
