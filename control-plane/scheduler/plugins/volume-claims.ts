import type { Plugin, PodInfo, Refusal, Snapshot } from '../types.ts';

const refusal = (reason: string): Refusal => ({ plugin: 'VolumeBinding', kind: 'unresolvable', reasons: [reason] });

/** A pod waits until its claims are there and have storage. Nothing here gives them any: that is a provisioner's work. */
export const volumeClaims: Plugin = {
  name: 'VolumeBinding',
  wakes: ['claim'],
  weight: 0,
  prepare(pod, snapshot) {
    const why = pod.claims.length > 0 ? reasonOf(pod, snapshot) : undefined;
    return why === undefined ? undefined : { refuse: refusal(why) };
  },
};

function reasonOf(pod: PodInfo, snapshot: Snapshot): string | undefined {
  let unbound = false;
  for (const name of pod.claims) {
    const claim = snapshot.claim(pod.namespace, name);
    if (!claim) return `persistentvolumeclaim ${JSON.stringify(name)} not found`;
    if (claim.metadata.deletionTimestamp !== undefined) {
      return `persistentvolumeclaim ${JSON.stringify(name)} is being deleted`;
    }
    if (claim.status?.phase === 'Lost') {
      return `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ${JSON.stringify(claim.spec?.volumeName ?? '')}`;
    }
    unbound ||= !claim.spec?.volumeName || claim.status?.phase !== 'Bound';
  }
  return unbound ? 'pod has unbound immediate PersistentVolumeClaims' : undefined;
}
