import { isTaken, nodeLeaseNamespace as namespace, promiseAnnotation, takenAnnotation } from '#api/fence.ts';
import type { V1Lease, V1Node } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { Fence } from '../fence/fence.ts';
import { createAbort, type LinkedAbort } from '../pods/linked-abort.ts';
import { createLanes, type Lane, type LeaseConnection } from './lease-lanes.ts';
import { createLeasePace } from './lease-pace.ts';
import type { NodeSettings } from './node-settings.ts';

/** The node's heartbeat: a small object that is renewed again and again, and that names the node as its owner. */
export interface NodeLease {
  /** Renews soon, with the annotations of that moment; many calls at once lead to one renewal. */
  renewNow(): void;
  /** What else the lease is to say; asked at each renewal. */
  annotate(source: () => Readonly<Record<string, string>>): void;
  /** Called after each renewal that succeeded, with the milliseconds that it came later than was planned after the one before. */
  onRenewed(listener: (lateMs: number) => void): void;
  run(signal: AbortSignal): Promise<void>;
}

export interface NodeLeaseOptions {
  /** A connection of its own for renewals: what else the agent sends must not stand in their way. */
  readonly connect: () => LeaseConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: Pick<NodeSettings, 'name' | 'leaseRenewMs'>;
  readonly fence: Fence;
  readonly node: () => Stored<V1Node> | undefined;
  /** How many nodes there are, as far as is known; large clusters renew half as often. */
  readonly nodeCount: () => number;
}

/** What one attempt came to. `blocked`: the server took the lease, and something that must not run twice still runs. */
type Outcome = { readonly kind: 'renewed'; readonly sentMs: number } | { readonly kind: 'again' | 'blocked' };

const attemptsMax = 4;
const retryFirstMs = 100;
const retryMaxMs = 300;
/** After so many failures there is nothing left to save by haste. */
const patientAfter = 20;
const retrySlowMs = 1_000;
const blockedRetryMs = 100;
const waitForNodeMs = 100;
const largeClusterNodes = 200;
/** Renewals without an answer that are remembered, to recognise one that arrived after all. */
const unansweredMax = 32;
/** For a lease that promises nothing: what Kubernetes' own nodes say. */
const idleLeaseSeconds = 40;

export function createNodeLease(options: NodeLeaseOptions): NodeLease {
  const { clock, random, log, settings, fence } = options;
  const lanes = createLanes(options.connect);
  const pace = createLeasePace(options.nodeCount);
  const sources: (() => Readonly<Record<string, string>>)[] = [];
  const listeners: ((lateMs: number) => void)[] = [];
  /** With their ends. */
  const attempts = new Map<Promise<void>, LinkedAbort>();
  /** renewTime → when it was sent. */
  const unanswered = new Map<string, number>();
  let held: Stored<V1Lease> | undefined;
  let heldUid: string | undefined;
  let requested = false;
  let startedMs = 0;
  let nextMs = 0;
  /** From the last renewal to the next, as planned. */
  let pauseMs = 0;
  let failures = 0;
  let serial = 0;
  let renewedMs: number | undefined;
  let wake = (): void => {};

  const intervalMs = (): number =>
    settings.leaseRenewMs * (options.nodeCount() > largeClusterNodes ? 2 : 1) * (0.9 + random.next() * 0.2);

  const find = async (client: ApiClient, signal: AbortSignal): Promise<Stored<V1Lease> | undefined> => {
    try {
      return await client.get(leases, { namespace, name: settings.name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const remember = (lease: Stored<V1Lease>): void => {
    const [known, now] = [Number(held?.metadata.resourceVersion ?? -1), Number(lease.metadata.resourceVersion)];
    if (!(now < known) || lease.metadata.uid !== held?.metadata.uid) held = lease;
    const { uid } = lease.metadata;
    // With the lease, what the server wrote into it is gone: it may have given this machine up meanwhile.
    if (heldUid !== undefined && uid !== heldUid) fence.restart();
    heldUid = uid;
    if (isTaken(lease)) fence.taken();
  };

  const next = (base: Stored<V1Lease> | undefined, node: Stored<V1Node>, renewTime: string): V1Lease => {
    const { name, uid } = node.metadata;
    const { [takenAnnotation]: _, [promiseAnnotation]: __, ...kept } = base?.metadata.annotations ?? {};
    const annotations: Record<string, string> = { ...kept };
    if (fence.seconds > 0) annotations[promiseAnnotation] = String(fence.seconds);
    for (const source of sources) Object.assign(annotations, source());
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }];
    const leaseDurationSeconds = fence.seconds || idleLeaseSeconds;
    return {
      ...(base ?? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }),
      metadata: { ...(base?.metadata ?? { name, namespace }), annotations, ownerReferences },
      spec: { ...base?.spec, holderIdentity: name, leaseDurationSeconds, renewTime },
    };
  };

  /** One request as long as nobody else touched the lease. */
  const attempt = async (client: ApiClient, node: Stored<V1Node>, signal: AbortSignal): Promise<Outcome> => {
    const base = held ?? (await find(client, signal));
    if (base) remember(base);
    if (base && isTaken(base) && !fence.mayRenew()) return { kind: 'blocked' };
    // Unlike any other, so that it is recognised when its answer is lost.
    const renewTime = `${new Date(clock.now()).toISOString().slice(0, -1)}${String(serial++ % 1000).padStart(3, '0')}Z`;
    const sentMs = fence.uptimeMs();
    unanswered.set(renewTime, sentMs);
    for (const old of unanswered.keys()) if (unanswered.size > unansweredMax) unanswered.delete(old);
    const wanted = next(base, node, renewTime);
    try {
      const written = base
        ? await client.update(leases, wanted, { signal })
        : await client.create(leases, wanted, { signal });
      if (!base) fence.restart();
      remember(written);
      return { kind: 'renewed', sentMs };
    } catch (error) {
      if (isNotFound(error)) held = undefined;
      else if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      return recognise(await find(client, signal));
    }
  };

  /** Somebody wrote before us: perhaps we ourselves, and the answer was lost or is on its way. */
  const recognise = (found: Stored<V1Lease> | undefined): Outcome => {
    held = undefined;
    if (!found) return { kind: 'again' };
    remember(found);
    const sentMs = unanswered.get(found.spec?.renewTime ?? '');
    return sentMs === undefined || isTaken(found) ? { kind: 'again' } : { kind: 'renewed', sentMs };
  };

  const settle = (outcome: Outcome, lane: Lane, launchedMs: number): void => {
    const nowMs = clock.monotonicMs();
    if (outcome.kind !== 'renewed') {
      nextMs = nowMs + (outcome.kind === 'blocked' ? blockedRetryMs : failures * retryFirstMs);
      failures += 1;
      return;
    }
    fence.renewed(outcome.sentMs);
    failures = 0;
    unanswered.clear();
    pace.renewed(nowMs - launchedMs);
    lane.keep();
    const lateMs = renewedMs === undefined ? 0 : Math.max(0, nowMs - renewedMs - pauseMs);
    pauseMs = intervalMs();
    nextMs = Math.max(nextMs, startedMs + pauseMs);
    renewedMs = nowMs;
    // Those that hang have been overtaken.
    for (const abort of attempts.values()) abort.abort(new Error('a later renewal has succeeded'));
    for (const listener of listeners) listener(lateMs);
  };

  const launch = (node: Stored<V1Node>, signal: AbortSignal): void => {
    requested = false;
    startedMs = clock.monotonicMs();
    const sentMs = startedMs;
    const overtaken = (): boolean => (renewedMs ?? Number.NEGATIVE_INFINITY) >= sentMs;
    const lane = lanes.take(attempts.size > 0);
    const abort = createAbort(signal);
    const limitMs = pace.limitMs();
    const limit = clock.setTimer(limitMs, () => abort.abort(new Error(`no answer within ${limitMs} ms`)));
    pace.launched();
    const work = attempt(lane.client, node, abort.signal)
      .then(
        (outcome) => settle(outcome, lane, sentMs),
        (error: unknown) => {
          if (signal.aborted || overtaken()) return;
          const delayMs = Math.min(failures < patientAfter ? retryMaxMs : retrySlowMs, retryFirstMs * (failures + 1));
          failures += 1;
          // What is refused is asked again soon, what is not answered at its pace.
          nextMs = Math.max(clock.monotonicMs() + delayMs, abort.signal.aborted ? startedMs + pace.gapMs() : 0);
          log.warn({ err: error, retryMs: delayMs }, 'node lease not renewed');
        },
      )
      .finally(() => {
        limit.cancel();
        abort.release();
        attempts.delete(work);
        lane.release();
        wake();
      });
    attempts.set(work, abort);
  };

  const waitMs = (): number => {
    const nowMs = clock.monotonicMs();
    if (attempts.size >= attemptsMax) return pace.limitMs();
    if (attempts.size > 0) return startedMs + pace.gapMs() - nowMs;
    return requested ? 0 : nextMs - nowMs;
  };

  return {
    renewNow() {
      requested = true;
      wake();
    },
    annotate(source) {
      sources.push(source);
    },
    onRenewed(listener) {
      listeners.push(listener);
    },
    async run(signal) {
      while (!signal.aborted) {
        const node = options.node();
        // Whole milliseconds: a timer may not tell less.
        const delayMs = node ? Math.ceil(waitMs()) : waitForNodeMs;
        if (node && delayMs <= 0) {
          launch(node, signal);
          continue;
        }
        const pause = createAbort(signal);
        wake = () => pause.abort(new Error('there is something to do'));
        await clock.sleep(delayMs, pause.signal).catch(() => undefined);
        pause.release();
      }
      await Promise.all(attempts.keys());
      lanes.close();
    },
  };
}
