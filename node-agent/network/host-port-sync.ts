import { pods } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createController } from '#client/controller.ts';
import { createInformer } from '#client/informers/create.ts';
import { done, type Runnable } from '#client/reconciler.ts';
import { mapped } from '#client/sources.ts';
import type { NodeNetwork } from './node-network.ts';

export interface HostPortSyncOptions {
  readonly client: ApiClient;
  readonly network: Pick<NodeNetwork, 'sync'>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The table is one thing for the whole node, so there is one key. */
const node = { name: 'node' };

/** Keeps the node's host ports as its pods say. Nothing is written while no pod that has one comes, goes or moves. */
export function createHostPortSync(options: HostPortSyncOptions): Runnable {
  const { client, network, nodeName, clock, random, log } = options;
  const informer = createInformer(client, pods, { clock, random, log, fieldSelector: `spec.nodeName=${nodeName}` });
  const controller = createController({
    name: 'host-ports',
    sources: [mapped(informer, () => [node])],
    concurrency: 1,
    clock,
    random,
    log,
    async reconcile() {
      await network.sync(informer.list());
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
