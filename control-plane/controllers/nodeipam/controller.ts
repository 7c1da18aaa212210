import type { V1Node } from '#api/generated/types.ts';
import { nodes } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { createController } from '#client/controller.ts';
import { listAll } from '#client/informers/list-all.ts';
import { after, done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { createAllocator } from './allocator.ts';
import { createBlocks, type NodeIpamSettings } from './blocks.ts';

/** A node without a part is looked at again this often, should a freed one have been missed. */
const lookAgainMs = 60_000;

/** Gives each node its own part of the pod network, as spec.podCIDR; it goes back with the Node. */
export function createNodeIpamController(context: ControllerContext, settings: NodeIpamSettings): Runnable {
  const { client, informers, clock, random, log, recorder } = context;
  const blocks = createBlocks(settings);
  const allocator = createAllocator(blocks);
  const cache = informers.informer(nodes);
  const waiting = new Set<string>();
  let complete = false;

  const observe = (node: Stored<V1Node>): void => allocator.observe(node.metadata.name, cidrsOf(node));

  /** The cache may be behind what the last leader wrote; what the server has now is not. */
  const prepare = async (signal: AbortSignal): Promise<void> => {
    if (complete) return;
    const { items } = await listAll(client, nodes, {}, signal);
    if (complete) return;
    for (const node of items) {
      observe(node);
      // One that was deleted in the meantime would never be heard of again.
      controller.enqueue({ name: node.metadata.name });
    }
    complete = true;
  };

  const forgetGone = async (name: string, signal: AbortSignal): Promise<void> => {
    waiting.delete(name);
    if (!allocator.knows(name)) return;
    try {
      observe(await client.get(nodes, { name }, { signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      allocator.release(name);
      const [next] = waiting;
      if (next !== undefined) controller.enqueue({ name: next });
    }
  };

  const reconcile: Reconcile = async (signal, { name }: ObjectKey) => {
    await prepare(signal);
    const node = cache.get({ name });
    if (!node) {
      await forgetGone(name, signal);
      return done;
    }
    if (cidrsOf(node).length > 0) {
      waiting.delete(name);
      const rival = allocator.rivalOf(name);
      if (rival !== undefined) recorder.record(node, 'Warning', 'CIDRAssignmentConflict', conflict(node, rival));
      return done;
    }
    if (node.metadata.deletionTimestamp !== undefined) return done;
    const cidr = allocator.allocate(name);
    if (cidr === undefined) {
      waiting.add(name);
      recorder.record(node, 'Warning', 'CIDRNotAvailable', exhausted(settings, blocks.count));
      return after(lookAgainMs);
    }
    waiting.delete(name);
    const { uid } = node.metadata;
    const body = { metadata: { uid }, spec: { podCIDR: cidr, podCIDRs: [cidr] } };
    await client.patch(nodes, { name }, { type: 'merge', body }, { signal });
    return done;
  };

  const controller = createController({
    name: 'nodeipam',
    queue: retries,
    reconcile,
    sources: [forObject(cache)],
    clock,
    random,
    log,
  });
  return {
    name: 'nodeipam',
    async run(signal) {
      // At once, not in turn: a node that comes with a network of its own has it from this moment.
      const detach = cache.addHandler({ onAdd: observe, onUpdate: observe });
      try {
        await controller.run(signal);
      } finally {
        detach();
      }
    },
  };
}

function cidrsOf({ spec }: V1Node): readonly string[] {
  if (spec?.podCIDRs && spec.podCIDRs.length > 0) return spec.podCIDRs;
  return spec?.podCIDR ? [spec.podCIDR] : [];
}

const exhausted = ({ clusterCidr, nodeCidrBits }: NodeIpamSettings, count: number): string =>
  `no part of the pod network ${clusterCidr} is left for this node: all ${count} of /${nodeCidrBits} are taken. Remove nodes ` +
  'that are gone for good (berth node remove NAME), or make the cluster with a larger --pod-cidr';

const conflict = (node: Stored<V1Node>, rival: string): string =>
  `pod network ${cidrsOf(node).join(', ')} overlaps with that of node ${rival}: pods of one of them cannot be reached. ` +
  'Remove one of the two nodes and let its machine join again';
