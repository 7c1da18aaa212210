import { pods } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createController } from '#client/controller.ts';
import { createInformer } from '#client/informers/create.ts';
import { done, type Runnable } from '#client/reconciler.ts';
import { mapped } from '#client/sources.ts';
import { type RunCommand, runCommand } from './commands.ts';
import { flowsOf, forgetFlows, staleFlows } from './conntrack.ts';
import type { Elements } from './element-text.ts';
import { hostPortElements, hostPortsOf, podAddressesOf } from './host-ports.ts';
import type { NodeRules } from './node-rules.ts';

export interface HostPortSyncOptions {
  readonly client: ApiClient;
  readonly rules: Pick<NodeRules, 'set'>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For conntrack. @default the real thing */
  readonly run?: RunCommand | undefined;
}

/** Who the table's elements belong to. */
export const hostPortOwner = 'host-ports';
/** They are all written together, so there is one key. */
const node = { name: 'node' };

/** Keeps in the table what the node's own pods say: their addresses and their host ports. */
export function createHostPortSync(options: HostPortSyncOptions): Runnable {
  const { client, rules, nodeName, clock, random, log, run = runCommand } = options;
  const informer = createInformer(client, pods, { clock, random, log, fieldSelector: `spec.nodeName=${nodeName}` });
  let before: Elements | undefined;

  /** What the kernel remembers of UDP clients must go with the pod. */
  const forgetOld = async (elements: Elements): Promise<void> => {
    const stale = before ? staleFlows(flowsOf(before), flowsOf(elements)) : [];
    before = elements;
    try {
      await forgetFlows(stale, run);
    } catch (error) {
      log.warn({ err: error }, 'UDP flows to host ports that are gone could not be forgotten; they end by themselves');
    }
  };

  const controller = createController({
    name: 'host-ports',
    sources: [mapped(informer, () => [node])],
    concurrency: 1,
    clock,
    random,
    log,
    async reconcile() {
      const pods = informer.list();
      const elements = hostPortElements(hostPortsOf(pods), podAddressesOf(pods));
      await rules.set(new Map([[hostPortOwner, elements]]));
      await forgetOld(elements);
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
