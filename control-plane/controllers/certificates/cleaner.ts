import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { hasCondition } from './approver.ts';

const hourMs = 3_600_000;
const decidedKeptMs = hourMs;
const pendingKeptMs = 24 * hourMs;

/** Removes requests that are over: an hour after the decision, or a day after they were made. */
export function createRequestCleaner(context: ControllerContext): Runnable {
  const { client, clock, informers } = context;
  const requests = informers.informer(certificateSigningRequests);

  const reconcile: Reconcile = async (signal, key) => {
    const found = requests.get(key);
    if (!found) return done;
    const leftMs = keptUntilMs(found) - clock.now();
    if (leftMs > 0) return after(leftMs);
    const preconditions = { uid: found.metadata.uid };
    try {
      await client.delete(certificateSigningRequests, key, { preconditions, signal });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return done;
  };

  return createController({
    name: 'certificate-request-cleaner',
    queue: retries,
    reconcile,
    sources: [forObject(requests)],
    concurrency: 1,
    clock,
    random: context.random,
    log: context.log,
  });
}

/** Milliseconds since the epoch. */
export function keptUntilMs(request: V1CertificateSigningRequest): number {
  const createdMs = Date.parse(request.metadata?.creationTimestamp ?? '');
  const isDecided = ['Approved', 'Denied', 'Failed'].some((type) => hasCondition(request, type));
  if (!isDecided) return createdMs + pendingKeptMs;
  const times = (request.status?.conditions ?? []).map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? ''));
  return Math.max(createdMs, ...times.filter(Number.isFinite)) + decidedKeptMs;
}
