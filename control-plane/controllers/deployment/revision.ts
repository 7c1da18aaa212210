import type { V1Deployment } from '#api/generated/types.ts';
import { byAge, type Draft } from './draft.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** What belongs to the one object only and must not be copied from a deployment to its ReplicaSets. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

export function intAnnotation(annotations: Record<string, string> | undefined, name: string): number | undefined {
  const text = annotations?.[name];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export const revisionOf = (draft: Draft): number =>
  intAnnotation(draft.original.metadata.annotations, revisionAnnotation) ?? 0;

/** One above every old revision; what is the newest already keeps its number. */
export const nextRevision = (old: readonly Draft[]): number => Math.max(0, ...old.map(revisionOf)) + 1;

/** The deployment's own annotations, as its ReplicaSets carry them. */
export const copiedAnnotations = (deployment: V1Deployment): Record<string, string> =>
  Object.fromEntries(Object.entries(deployment.metadata?.annotations ?? {}).filter(([name]) => !notCopied.has(name)));

/** Brings the new ReplicaSet's annotations up to date; a rollback gives an old one a new revision and remembers the former. */
export function annotateNewest(draft: Draft, deployment: V1Deployment, revision: number): void {
  Object.assign(draft.annotations, copiedAnnotations(deployment));
  const former = revisionOf(draft);
  if (former >= revision) return;
  draft.annotations[revisionAnnotation] = String(revision);
  if (former === 0) return;
  const history = draft.annotations[revisionHistoryAnnotation];
  draft.annotations[revisionHistoryAnnotation] = history ? `${history},${former}` : String(former);
}

/** Old, empty ReplicaSets beyond the history limit, the oldest revision first. */
export function beyondHistory(deployment: V1Deployment, old: readonly Draft[]): readonly Draft[] {
  const limit = deployment.spec?.revisionHistoryLimit;
  if (limit === undefined) return [];
  const alive = old.filter((draft) => draft.original.metadata.deletionTimestamp === undefined);
  const excess = alive
    .toSorted((a, b) => revisionOf(a) - revisionOf(b) || byAge(a.original, b.original))
    .slice(0, Math.max(0, alive.length - limit));
  return excess.filter(({ original, replicas }) => {
    const seen = original.status?.observedGeneration ?? 0;
    return replicas === 0 && (original.status?.replicas ?? 0) === 0 && (original.metadata.generation ?? 0) <= seen;
  });
}
