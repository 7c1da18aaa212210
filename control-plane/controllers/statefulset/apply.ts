import type { V1PersistentVolumeClaim, V1Pod } from '#api/generated/types.ts';
import { persistentVolumeClaims, pods } from '#api/kinds.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import type { ControllerContext } from '../shared/context.ts';
import { ignoreGone } from '../shared/gone.ts';
import { isControlledBy } from '../shared/owners.ts';
import type { PendingPods } from '../shared/pending-pods.ts';
import { isRefusal } from '../shared/refusal.ts';
import { slowStart } from '../shared/slow-start.ts';
import { strangerOf } from './claims.ts';
import type { Claim, Pod, StatefulSet } from './identity.ts';
import type { Step } from './plan.ts';

export type ApplySteps = (set: StatefulSet, steps: readonly Step[], signal: AbortSignal) => Promise<unknown>;

/**
 * Carries out a plan's steps and tells of them in the words of Kubernetes. What fails does not keep the rest from being done; the
 * first failure is returned.
 */
export function createApplySteps(
  { client, recorder }: ControllerContext,
  cache: Pick<Informer<V1Pod>, 'get'>,
  pending: PendingPods,
): ApplySteps {
  const tellPod = (set: StatefulSet, verb: 'create' | 'update' | 'delete', name: string, error?: unknown): void => {
    const what = `${verb} Pod ${name} in StatefulSet ${set.metadata.name}`;
    const word = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
    if (error === undefined) recorder.record(set, 'Normal', `Successful${word}`, `${what} successful`);
    else recorder.record(set, 'Warning', `Failed${word}`, `${what} failed error: ${messageOf(error)}`);
  };

  const createClaim = async (
    set: StatefulSet,
    claim: V1PersistentVolumeClaim,
    pod: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const name = claim.metadata?.name ?? '';
    try {
      await client.create(persistentVolumeClaims, claim, { signal });
      const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
      recorder.record(set, 'Normal', 'SuccessfulCreate', message);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      const what = `create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name}`;
      recorder.record(set, 'Warning', 'FailedCreate', `${what} failed error: ${messageOf(error)}`);
      throw new Error(`failed to create PVC ${name}: ${messageOf(error)}`, { cause: error });
    }
  };

  const createPod = async (
    set: StatefulSet,
    pod: V1Pod,
    claims: readonly V1PersistentVolumeClaim[],
    signal: AbortSignal,
  ): Promise<void> => {
    const key = { namespace: pod.metadata?.namespace, name: pod.metadata?.name ?? '' };
    const { uid } = set.metadata;
    try {
      for (const claim of claims) await createClaim(set, claim, key.name, signal);
    } catch (error) {
      tellPod(set, 'create', key.name, error);
      throw error;
    }
    try {
      pending.created(uid, await client.create(pods, pod, { signal }));
      tellPod(set, 'create', key.name);
    } catch (error) {
      // The name may be taken by our own request, whose answer was lost: no news for the user.
      const there = isAlreadyExists(error) ? cache.get(key) : undefined;
      if (!isAlreadyExists(error) || (there && !isControlledBy(there, set))) tellPod(set, 'create', key.name, error);
      if (isAlreadyExists(error) || !isRefusal(error)) pending.uncertain(uid, 'create', key);
      throw error;
    }
  };

  const remove = async (set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> => {
    const { uid, name } = pod.metadata;
    const owner = set.metadata.uid;
    try {
      await client.delete(pods, keyOf(pod), { signal, preconditions: { uid } });
      pending.deleted(owner, pod);
      tellPod(set, 'delete', name);
    } catch (error) {
      // Gone, or another pod of that name: either way this one is no more, as the cache will show.
      if (isNotFound(error) || isConflict(error)) return pending.deleted(owner, pod);
      tellPod(set, 'delete', name, error);
      if (!isRefusal(error)) pending.uncertain(owner, 'delete', keyOf(pod), uid);
      throw error;
    }
  };

  const repair = async (set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> => {
    try {
      await ignoreGone(client.update(pods, pod, { signal }));
      tellPod(set, 'update', pod.metadata.name);
    } catch (error) {
      if (!isConflict(error)) tellPod(set, 'update', pod.metadata.name, error);
      throw error;
    }
  };

  const retain = async (set: StatefulSet, pod: Pod, claim: Claim, signal: AbortSignal): Promise<void> => {
    if (strangerOf(claim, set, pod)) {
      const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`;
      recorder.record(set, 'Warning', 'ConflictingController', message);
    }
    await ignoreGone(client.update(persistentVolumeClaims, claim, { signal }));
  };

  const take = async (set: StatefulSet, step: Step, signal: AbortSignal): Promise<void> => {
    switch (step.kind) {
      case 'create':
        return createPod(set, step.pod, step.claims, signal);
      case 'claim':
        for (const claim of step.claims) await createClaim(set, claim, step.pod.metadata.name, signal);
        return;
      case 'refuse': {
        const error = new Error(step.message);
        tellPod(set, 'create', step.name, error);
        throw error;
      }
      case 'repair':
        return repair(set, step.pod, signal);
      case 'retain':
        return retain(set, step.pod, step.claim, signal);
      case 'remove':
        return remove(set, step.pod, signal);
    }
  };

  return async (set, steps, signal) => {
    const errors: unknown[] = [];
    const creates = steps.filter(({ kind }) => kind === 'create');
    const removes = steps.filter(({ kind }) => kind === 'remove');
    // What a pod owns must be written down before the pod goes.
    for (const step of steps) {
      if (step.kind === 'create' || step.kind === 'remove') continue;
      await take(set, step, signal).catch((error: unknown) => errors.push(error));
    }
    const { error } = await slowStart(creates.length, async (index) => {
      const step = creates[index];
      if (step) await take(set, step, signal);
    });
    if (error !== undefined) errors.push(error);
    if (errors.length > 0 && steps.some(({ kind }) => kind === 'retain')) return errors[0];
    const results = await Promise.allSettled(removes.map((step) => take(set, step, signal)));
    return errors[0] ?? results.find((result) => result.status === 'rejected')?.reason;
  };
}
