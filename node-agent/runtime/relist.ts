/** What happened between two looks at the runtime. */
import type { Container, RuntimeEvent, Sandbox } from './runtime.ts';

export interface Sighting {
  readonly podUid: string;
  readonly state: 'created' | 'running' | 'stopped';
}

/** Containers and sandboxes by id: to whoever waits for an exit they are alike. */
export type Snapshot = ReadonlyMap<string, Sighting>;

export function takeSnapshot(sandboxes: readonly Sandbox[], containers: readonly Container[]): Snapshot {
  const snapshot = new Map<string, Sighting>();
  for (const { id, pod, ready } of sandboxes)
    snapshot.set(id, { podUid: pod.uid, state: ready ? 'running' : 'stopped' });
  for (const { id, sandboxId, state } of containers) {
    const podUid = snapshot.get(sandboxId)?.podUid ?? '';
    snapshot.set(id, { podUid, state: state === 'created' || state === 'running' ? state : 'stopped' });
  }
  return snapshot;
}

/** In an order that could have happened. A restart of one and the same container does not exist, so states only go forward. */
export function compareSnapshots(before: Snapshot, after: Snapshot): RuntimeEvent[] {
  const events: RuntimeEvent[] = [];
  for (const [containerId, { podUid, state }] of after) {
    const old = before.get(containerId)?.state;
    if (old === undefined) events.push({ kind: 'created', containerId, podUid });
    if (state === 'running' && old !== 'running') events.push({ kind: 'started', containerId, podUid });
    if (state === 'stopped' && old !== 'stopped') events.push({ kind: 'stopped', containerId, podUid });
  }
  for (const [containerId, { podUid }] of before) {
    if (!after.has(containerId)) events.push({ kind: 'deleted', containerId, podUid });
  }
  return events;
}
