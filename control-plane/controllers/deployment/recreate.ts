import { type Draft, isUnsettled } from './draft.ts';

export interface OldPods {
  /** Pods of this deployment outside the new ReplicaSet that may still have running containers. */
  readonly running: number;
}

/** Everything old goes first, completely; only then may the new come. Returns whether the new ReplicaSet may have pods. */
export function recreateOneStep(old: readonly Draft[], oldPods: OldPods): boolean {
  let shrunk = false;
  for (const draft of old) {
    if (draft.replicas === 0) continue;
    draft.replicas = 0;
    shrunk = true;
  }
  // An old one that has not taken note of its new size may still be making pods.
  if (old.some(isUnsettled)) return false;
  const counted = old.some((draft) => (draft.original.status?.replicas ?? 0) > 0);
  return !shrunk && !counted && oldPods.running === 0;
}
