import { X509Certificate } from 'node:crypto';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests, nodes } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { keyOf } from '#client/key.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject, mapped } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { hasCondition } from './approver.ts';

const hourMs = 3_600_000;
const decidedKeptMs = hourMs;
const pendingKeptMs = 24 * hourMs;
/** Long enough for a machine that joins to fetch its certificate and to register its node. */
const withoutNodeKeptMs = 300_000;

/**
 * Removes requests that are over: an hour after the decision, minutes after it where the node has left the cluster, or a day after
 * they were made.
 */
export function createRequestCleaner(context: ControllerContext): Runnable {
  const { client, clock, informers } = context;
  const requests = informers.informer(certificateSigningRequests);
  const caches = { nodes: informers.informer(nodes) };
  const hasLeft = (request: V1CertificateSigningRequest): boolean => {
    const name = nodeOf(request);
    return name !== undefined && caches.nodes.get({ name }) === undefined;
  };

  const reconcile: Reconcile = async (signal, key) => {
    const found = requests.get(key);
    if (!found) return done;
    const leftMs = keptUntilMs(found, hasLeft(found)) - clock.now();
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
    sources: [
      forObject(requests),
      mapped(caches.nodes, ({ metadata }) =>
        caches.nodes.get({ name: metadata.name })
          ? []
          : requests.list().flatMap((request) => (nodeOf(request) === metadata.name ? [keyOf(request)] : [])),
      ),
    ],
    concurrency: 1,
    clock,
    random: context.random,
    log: context.log,
  });
}

/** The node that a certificate was issued to. */
function nodeOf({ status }: V1CertificateSigningRequest): string | undefined {
  if (!status?.certificate) return undefined;
  const pem = Buffer.from(status.certificate, 'base64');
  try {
    return /^CN=system:node:(.+)$/m.exec(new X509Certificate(pem).subject)?.[1];
  } catch {
    return undefined; // Another signer's: whatever it holds, it is no node's.
  }
}

/** Milliseconds since the epoch. */
export function keptUntilMs(request: V1CertificateSigningRequest, nodeHasLeft = false): number {
  const createdMs = Date.parse(request.metadata?.creationTimestamp ?? '');
  const isDecided = ['Approved', 'Denied', 'Failed'].some((type) => hasCondition(request, type));
  if (!isDecided) return createdMs + pendingKeptMs;
  const times = (request.status?.conditions ?? []).map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? ''));
  return Math.max(createdMs, ...times.filter(Number.isFinite)) + (nodeHasLeft ? withoutNodeKeptMs : decidedKeptMs);
}
