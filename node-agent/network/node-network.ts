import { isDeepStrictEqual } from 'node:util';
import type { V1Node } from '#api/generated/types.ts';
import type { ObjectKey } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createController } from '#client/controller.ts';
import type { Informer } from '#client/informer.ts';
import { after, type ReconcileResult, type Runnable } from '#client/reconciler.ts';
import type { Source } from '#client/sources.ts';
import { dropReservations, gatewayOf, removeBridge, setUpBridge } from './bridge.ts';
import { type RunCommand, runCommand } from './commands.ts';
import { readInterfaces } from './kernel-state.ts';
import { createNetworkMemory, type RememberedNetwork } from './network-memory.ts';
import { factsOf } from './node-facts.ts';
import type { NodeRules } from './node-rules.ts';
import { type NetworkMode, type PlanInput, planPeers, type VxlanSettings, vniOf, vxlanPort } from './peer-plan.ts';
import { syncPeers } from './peer-sync.ts';
import { createRouteMonitor, type WatchRoutes } from './route-monitor.ts';

export interface NodeNetworkOptions {
  readonly nodeName: string;
  /** Where others reach this machine. @default what its Node says, which may be older */
  readonly address?: string | undefined;
  /** All nodes. Started by whoever made it; may sync late, or never while no server answers. */
  readonly nodes: Pick<Informer<V1Node>, 'synced' | 'get' | 'list' | 'addHandler'>;
  /** Names of ours on this machine; each cluster has its own. */
  readonly bridge: string;
  readonly tunnel: string;
  /** All nodes' pods. */
  readonly clusterCidr: string;
  readonly mode: NetworkMode;
  /** @default by the cluster's network, and port 4789 */
  readonly vxlan?: Partial<VxlanSettings> | undefined;
  /** The table: it needs to know the node's part of the network. */
  readonly rules: Pick<NodeRules, 'setBase' | 'remove'>;
  /** The folder that containerd reads network configuration from. */
  readonly cniConfDir: string;
  /** Where address reservations are kept. */
  readonly cniDataDir: string;
  /** Where the node's network is remembered for a start without a server. */
  readonly stateFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** @default the real thing */
  readonly run?: RunCommand | undefined;
  readonly watchRoutes?: WatchRoutes | undefined;
  /** @default /proc/sys */
  readonly sysctlRoot?: string | undefined;
  /** What others undid is found by looking this often at the latest. @default 30 s */
  readonly checkMs?: number | undefined;
}

export interface NetworkFacts {
  readonly podCidr: string;
  /** The bridge's address, without a length. */
  readonly gateway: string;
  /** Of pods made from now on; undefined while the machine has no link. */
  readonly mtu: number | undefined;
}

/**
 * The pod network of this machine: the bridge that its pods hang on, and the ways to other nodes' pods. Both are compared with
 * what the kernel has, and mended: when nodes change, when others change routes, and from time to time.
 */
export interface NodeNetwork extends Runnable {
  /** Resolves once pods have a network here; rejects when the signal aborts first. */
  ready(signal: AbortSignal): Promise<NetworkFacts>;
  current(): NetworkFacts | undefined;
  /** Called with the facts when they have changed. Must not throw. Returns its removal. */
  onChange(listener: (facts: NetworkFacts) => void): () => void;
  /** Why pods have no network here yet, for people; undefined when they have. */
  problem(): string | undefined;
  /** Removes table, tunnel, routes and bridge, after `run` has ended. Pods that still run lose their network. */
  remove(): Promise<void>;
}

const key: ObjectKey = { name: 'node-network' };
/** Others' changes come in bursts. */
const settleMs = 500;
const waiting =
  'the server has not given this node its part of the pod network yet (spec.podCIDR of the Node); see: kubectl describe node';

export function createNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { nodeName, nodes, bridge, tunnel, clusterCidr, clock, random, log, rules } = options;
  const { run = runCommand, sysctlRoot = '/proc/sys', checkMs = 30_000 } = options;
  const watchRoutes = options.watchRoutes ?? createRouteMonitor({ clock, log });
  const vxlan = { vni: vniOf(clusterCidr), port: vxlanPort, ...options.vxlan };
  const memory = createNetworkMemory(options.stateFile);
  const listeners = new Set<(facts: NetworkFacts) => void>();
  let remembered: RememberedNetwork | undefined;
  let facts: NetworkFacts | undefined;
  let problem: string | undefined = waiting;
  let applied = '';
  let refused = '';
  let dueMs = 0;

  /** What the server says; what it said last, as long as it says nothing. */
  const wanted = (): RememberedNetwork | undefined => {
    if (!nodes.synced) return remembered && { ...remembered, address: options.address ?? remembered.address };
    const own = nodes.get({ name: nodeName });
    const ownFacts = own && factsOf(own);
    const podCidr = ownFacts?.podCidr ?? remembered?.podCidr;
    if (podCidr === undefined) return undefined;
    const peers = nodes.list().map(factsOf);
    return {
      podCidr,
      address: options.address ?? ownFacts?.address ?? remembered?.address,
      peers: peers.filter(({ name }) => name !== nodeName).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
  };

  const announce = (now: NetworkFacts): void => {
    problem = undefined;
    if (JSON.stringify(now) === JSON.stringify(facts)) return;
    facts = now;
    log.info(now, 'pods have a network here');
    for (const listener of listeners) listener(now);
  };

  const apply = async (network: RememberedNetwork): Promise<void> => {
    const { podCidr, address, peers } = network;
    if (remembered !== undefined && remembered.podCidr !== podCidr) {
      log.warn({ before: remembered.podCidr, podCidr }, 'this node has another part of the pod network than before');
      dropReservations(options);
    }
    const interfaces = await readInterfaces(run);
    const ways: Omit<PlanInput, 'peers'> = {
      own: { podCidr, address },
      mode: options.mode,
      clusterCidr,
      interfaces,
      bridge,
      tunnel,
      vxlan,
    };
    const plan = planPeers({ ...ways, peers });
    await setUpBridge({ ...options, podCidr, mtu: plan.mtu, run, sysctlRoot });
    const gateway = gatewayOf(podCidr).split('/')[0] ?? '';
    rules.setBase({ podCidr, gateway, tunnel });
    remembered = network;
    memory.save(network);
    announce({ podCidr, gateway, mtu: plan.mtu });
    const changes = await syncPeers(plan, { run, clusterCidr, bridge, tunnel, sysctlRoot });
    if (changes > 0) log.info({ changes, peers: plan.routes.length }, "the ways to other nodes' pods were changed");
    if (plan.refused.join() !== refused) {
      refused = plan.refused.join();
      for (const why of plan.refused) log.warn({ why }, 'the pods of a node cannot be reached from here');
    }
  };

  const reconcile = async (): Promise<ReconcileResult> => {
    const network = wanted();
    if (!network) return after(checkMs);
    const text = JSON.stringify(network);
    const leftMs = dueMs - clock.monotonicMs();
    if (text === applied && leftMs > 0) return after(leftMs);
    applied = '';
    try {
      await apply(network);
    } catch (error) {
      if (!facts) problem = messageOf(error);
      throw error;
    }
    applied = text;
    dueMs = clock.monotonicMs() + checkMs;
    return after(checkMs);
  };

  /** Not by waiting for the first list: without a server, what is remembered must do. */
  const source: Source = {
    waitForSync: async () => {},
    attach(enqueue) {
      enqueue(key);
      return nodes.addHandler({
        onAdd: () => enqueue(key),
        // Heartbeats are none of ours, and there is one for each node.
        onUpdate(node, old) {
          if (!isDeepStrictEqual(factsOf(node), factsOf(old))) enqueue(key);
        },
        onDelete: () => enqueue(key),
      });
    },
  };

  return {
    name: 'node-network',
    current: () => facts,
    problem: () => problem,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: (signal) =>
      new Promise((resolve, reject) => {
        if (facts) return resolve(facts);
        if (signal.aborted) return reject(signal.reason);
        const end = (): void => {
          listeners.delete(listener);
          signal.removeEventListener('abort', onAbort);
        };
        const listener = (now: NetworkFacts): void => {
          end();
          resolve(now);
        };
        const onAbort = (): void => {
          end();
          reject(signal.reason);
        };
        listeners.add(listener);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    async run(signal) {
      remembered = memory.load();
      applied = '';
      const controller = createController({
        name: 'node-network',
        sources: [source],
        reconcile,
        concurrency: 1,
        queue: { retryFirstMs: 250, retryMaxMs: 10_000 },
        clock,
        random,
        log,
      });
      const onChange = (): void => {
        dueMs = 0;
        controller.enqueueAfter(key, settleMs);
      };
      await Promise.all([controller.run(signal), watchRoutes(onChange, signal)]);
    },
    async remove() {
      await rules.remove();
      const nothing = { mtu: undefined, routes: [], tunnel: undefined, neighbours: [], forwarding: [], refused: [] };
      await syncPeers(nothing, { run, clusterCidr, bridge, tunnel, sysctlRoot });
      await removeBridge(bridge, run);
      facts = undefined;
      problem = waiting;
    },
  };
}
