import { pods } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createController } from '#client/controller.ts';
import { createInformer } from '#client/informers/create.ts';
import { done, type Runnable } from '#client/reconciler.ts';
import { mapped } from '#client/sources.ts';
import { hostPortElements, hostPortsOf, podAddressesOf } from './host-ports.ts';
import type { NodeRules } from './node-rules.ts';

export interface HostPortSyncOptions {
  readonly client: ApiClient;
  readonly rules: Pick<NodeRules, 'set'>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Who the table's elements belong to. */
export const hostPortOwner = 'host-ports';
/** They are all written together, so there is one key. */
const node = { name: 'node' };

/** Keeps in the table what the node's own pods say: their addresses and their host ports. */
export function createHostPortSync(options: HostPortSyncOptions): Runnable {
  const { client, rules, nodeName, clock, random, log } = options;
  const informer = createInformer(client, pods, { clock, random, log, fieldSelector: `spec.nodeName=${nodeName}` });
  const controller = createController({
    name: 'host-ports',
    sources: [mapped(informer, () => [node])],
    concurrency: 1,
    clock,
    random,
    log,
    async reconcile() {
      const pods = informer.list();
      await rules.set(new Map([[hostPortOwner, hostPortElements(hostPortsOf(pods), podAddressesOf(pods))]]));
      return done;
    },
  });
  return {
    name: 'host-ports',
    async run(signal) {
      await Promise.all([informer.run(signal), controller.run(signal)]);
    },
  };
}
