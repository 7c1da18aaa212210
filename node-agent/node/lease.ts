import type { V1Lease, V1Node } from '#api/generated/types.ts';
import { leases } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { NodeSettings } from './node-settings.ts';

export interface LeaseOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: Pick<NodeSettings, 'name' | 'leaseRenewMs' | 'leaseSeconds'>;
  readonly node: () => Stored<V1Node> | undefined;
}

const namespace = 'kube-node-lease';

/** The node's heartbeat: a small object that is renewed again and again, and that names the node as its owner. */
export async function keepLease(options: LeaseOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, log, settings } = options;
  let held: Stored<V1Lease> | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const node = options.node();
    let delayMs = node ? settings.leaseRenewMs : waitForNodeMs;
    if (node) {
      try {
        held = await renew(held, node);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        held = undefined;
        delayMs = Math.min(settings.leaseRenewMs, retryMs * 2 ** Math.min(failures - 1, 5));
        if (!isConflict(error)) log.warn({ err: error, retryMs: delayMs }, 'node lease not renewed');
      }
    }
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }

  async function renew(known: Stored<V1Lease> | undefined, node: Stored<V1Node>): Promise<Stored<V1Lease>> {
    const current = known ?? (await find());
    const renewTime = microTime(clock.now());
    const { name, uid } = node.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name, uid }];
    const spec = { holderIdentity: name, leaseDurationSeconds: settings.leaseSeconds, renewTime };
    const fresh: V1Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace, ownerReferences },
      spec,
    };
    if (!current) return client.create(leases, fresh, { signal });
    const metadata = { ...current.metadata, ownerReferences };
    return client.update(leases, { ...current, metadata, spec: { ...current.spec, ...spec } }, { signal });
  }

  async function find(): Promise<Stored<V1Lease> | undefined> {
    try {
      return await client.get(leases, { namespace, name: settings.name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

const retryMs = 200;
const waitForNodeMs = 100;

/** RFC 3339 with microseconds, as leases write it. */
export const microTime = (timeMs: number): string => new Date(timeMs).toISOString().replace(/Z$/, '000Z');
