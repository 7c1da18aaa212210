import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { badRequest, conflict, type ResourceName } from '#api/status-error.ts';
import type { Strategy } from '#api/strategy.ts';
import { copyJson } from './json-values.ts';
import { timestamp } from './metadata.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/**
 * What a DELETE comes to: `remove` the object now; `mark` it as terminating and keep it for now; or leave it as it is,
 * `pending`, because it is terminating already.
 */
export type DeletionPlan<T extends KubeObject> =
  | { readonly kind: 'remove' }
  | { readonly kind: 'mark'; readonly object: T }
  | { readonly kind: 'pending' };

/** Pure: decides from the object as it is. */
export function planDeletion<T extends KubeObject>(
  current: Stored<T>,
  strategy: Strategy<T>,
  options: V1DeleteOptions,
  nowMs: number,
): DeletionPlan<T> {
  const { metadata } = current;
  const grace = gracePeriod(current, strategy, options);
  const before = metadata.finalizers ?? [];
  const finalizers = finalizersFor(before, strategy, options);
  if (grace.kind === 'pending') return { kind: 'pending' };

  if (grace.kind === 'graceful' && (grace.seconds > 0 || finalizers.length))
    return { kind: 'mark', object: markTerminating(current, finalizers, nowMs, grace.seconds) };
  if (!finalizers.length) return { kind: 'remove' };
  const changes =
    !metadata.deletionTimestamp || finalizers.join() !== before.join() || metadata.deletionGracePeriodSeconds;
  return changes ? { kind: 'mark', object: markTerminating(current, finalizers, nowMs, 0) } : { kind: 'pending' };
}

/** The object as it says that it is terminating. A time that is set already only ever comes nearer. */
export function markTerminating<T extends KubeObject>(
  current: Stored<T>,
  finalizers: readonly string[],
  nowMs: number,
  graceSeconds: number | undefined,
): T {
  const object: T = copyJson<T>(current);
  const metadata = object.metadata ?? {};
  object.metadata = metadata;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  metadata.finalizers = finalizers.length ? [...finalizers] : undefined;
  const dueMs = nowMs + (graceSeconds ?? 0) * 1000;
  const isLater = !metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > dueMs;
  if (isLater) metadata.deletionTimestamp = timestamp(dueMs);
  metadata.deletionGracePeriodSeconds = graceSeconds;
  return object;
}

type Grace =
  | { readonly kind: 'none' }
  | { readonly kind: 'graceful'; readonly seconds: number }
  | { readonly kind: 'pending' };

function gracePeriod<T extends KubeObject>(current: Stored<T>, strategy: Strategy<T>, options: V1DeleteOptions): Grace {
  const asked = options.gracePeriodSeconds;
  const requested = asked !== undefined && asked < 0 ? 1 : asked;
  const seconds = strategy.gracePeriodSeconds?.(current, requested);
  if (!strategy.gracePeriodSeconds) return { kind: 'none' };
  const { deletionTimestamp, deletionGracePeriodSeconds } = current.metadata;
  if (deletionTimestamp === undefined) return seconds === undefined ? { kind: 'none' } : { kind: 'graceful', seconds };
  if (deletionGracePeriodSeconds === undefined) return { kind: 'none' };
  // A grace period that runs can only be made shorter.
  if (requested === undefined || requested >= deletionGracePeriodSeconds) {
    return deletionGracePeriodSeconds === 0 && requested === 0 ? { kind: 'none' } : { kind: 'pending' };
  }
  return { kind: 'graceful', seconds: requested };
}

/** With the finalizer that makes the garbage collector orphan the dependents, or delete them first. */
export function finalizersFor<T extends KubeObject>(
  before: readonly string[],
  strategy: Strategy<T>,
  options: V1DeleteOptions,
): readonly string[] {
  const policy = policyOf(before, strategy, options);
  const others = before.filter((one) => one !== orphanFinalizer && one !== foregroundFinalizer);
  if (policy === 'Orphan') return [...others, orphanFinalizer];
  if (policy === 'Foreground') return [...others, foregroundFinalizer];
  return others;
}

function policyOf<T extends KubeObject>(
  before: readonly string[],
  strategy: Strategy<T>,
  { propagationPolicy, orphanDependents }: V1DeleteOptions,
): string {
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background';
  if (propagationPolicy !== undefined) return propagationPolicy;
  if (before.includes(orphanFinalizer)) return 'Orphan';
  if (before.includes(foregroundFinalizer)) return 'Foreground';
  return strategy.defaultPropagation ?? 'Background';
}

/** Throws 400 for options that contradict themselves. */
export function checkDeleteOptions({ propagationPolicy, orphanDependents }: V1DeleteOptions): void {
  if (propagationPolicy === undefined) return;
  if (orphanDependents !== undefined) {
    throw badRequest('orphanDependents and deletionPropagation cannot be both set');
  }
  if (!['Orphan', 'Background', 'Foreground'].includes(propagationPolicy)) {
    throw badRequest(`invalid propagationPolicy ${JSON.stringify(propagationPolicy)}`);
  }
}

/** 409 unless the object is the one the caller has in mind. */
export function checkPreconditions(current: Stored<KubeObject>, options: V1DeleteOptions, type: ResourceName): void {
  const { uid, resourceVersion, name } = current.metadata;
  const wanted = options.preconditions;
  if (wanted?.uid !== undefined && wanted.uid !== uid) {
    const why = `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(type, name, why);
  }
  if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(type, name, why);
  }
}

/** Terminating, and nothing keeps it any more: an update that leads here removes the object. */
export function isFinished(object: KubeObject, old: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds) return false;
  return !object.metadata?.finalizers?.length;
}
