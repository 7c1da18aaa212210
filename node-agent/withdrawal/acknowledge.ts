import type { V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices, nodes } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { endpointsAppliedAnnotation } from '#api/withdrawal.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { InformerFactory } from '#client/informer.ts';
import type { Runnable } from '#client/reconciler.ts';
import type { NodeLease } from '../node/lease.ts';
import type { Openings } from './openings.ts';

/** How far the node's rules are behind the endpoint slices. */
export interface AppliedEndpoints {
  /** Every change of an endpoint slice up to this resourceVersion stands in the rules; 0 before the first. */
  applied(): bigint;
  /** Called whenever `applied` has moved. Returns its removal. */
  onApplied(listener: () => void): () => void;
}

export interface AcknowledgeOptions {
  readonly informers: InformerFactory;
  readonly endpoints: AppliedEndpoints;
  readonly lease: Pick<NodeLease, 'renewNow' | 'annotate'>;
  /** @default nothing is forgotten */
  readonly openings?: Openings | undefined;
  readonly clock: Clock;
}

/** Renewals that one node asks for are at least so far apart; in large clusters further, since every node answers each change. */
const apartMinMs = 20;
const apartPerNodeMs = 1;
/** While the kernel takes no rules, no more changes than this are kept in mind. */
const goingMax = 1_000;

/**
 * Says in the node's lease up to which revision its rules follow the endpoint slices: with each renewal, and at once when the rules
 * have withdrawn an endpoint, since its pod waits for that.
 */
export function createAcknowledger({ informers, endpoints, lease, openings, clock }: AcknowledgeOptions): Runnable {
  /** The newest revision that withdrew an endpoint, and the newest that a renewal has told of. */
  let owed = 0n;
  let told = 0n;
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;
  /** Withdrawn by revisions that the rules do not have yet. */
  let going: { readonly revision: bigint; readonly addresses: readonly string[] }[] = [];

  lease.annotate(() => {
    told = endpoints.applied();
    return { [endpointsAppliedAnnotation]: String(told) };
  });

  return {
    name: 'endpoint acknowledgements',
    async run(signal) {
      const slices = informers.informer(endpointSlices);
      const nodeCache = informers.informer(nodes);

      const look = (): void => {
        timer?.cancel();
        timer = undefined;
        const applied = endpoints.applied();
        if (going.length > 0 && !signal.aborted) {
          openings?.forget(going.flatMap(({ revision, addresses }) => (revision <= applied ? addresses : [])));
          going = going.filter(({ revision }) => revision > applied);
        }
        if (told >= owed || applied < owed || signal.aborted) return;
        const apartMs = Math.max(apartMinMs, nodeCache.list().length * apartPerNodeMs);
        const waitMs = lastMs + apartMs - clock.monotonicMs();
        if (waitMs > 0) {
          timer = clock.setTimer(waitMs, look);
          return;
        }
        lastMs = clock.monotonicMs();
        lease.renewNow();
      };

      const owe = ({ metadata }: Stored<V1EndpointSlice>, addresses: readonly string[]): void => {
        if (addresses.length === 0) return;
        const revision = BigInt(metadata.resourceVersion);
        if (revision > owed) owed = revision;
        if (going.length < goingMax) going.push({ revision, addresses });
        look();
      };

      const removals = [
        slices.addHandler({
          onUpdate: (slice, old) => owe(slice, withdrawn(old, slice)),
        }),
        endpoints.onApplied(look),
      ];
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      timer?.cancel();
      for (const remove of removals) remove();
      await openings?.close();
    },
  };
}

/** Addresses that were sent to before the change and are not any more. */
export function withdrawn(before: V1EndpointSlice, now: V1EndpointSlice): readonly string[] {
  const ready = new Set<string>();
  for (const { addresses, conditions } of now.endpoints ?? [])
    if (conditions?.ready !== false) for (const address of addresses) ready.add(address);
  return (before.endpoints ?? []).flatMap(({ addresses, conditions }) =>
    conditions?.ready === false ? [] : addresses.filter((address) => !ready.has(address)),
  );
}
