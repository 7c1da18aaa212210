import type { NodeView, Plugin } from '../types.ts';

const zoneLabel = 'topology.kubernetes.io/zone';
/** Where nodes are in zones, spreading over zones counts twice as much as over the nodes of a zone. */
const zoneShare = 2 / 3;

/** Spreads the pods of one controller (or look-alikes) over nodes and zones, where they do not say it themselves. */
export const defaultSpread: Plugin = {
  name: 'DefaultSpread',
  wakes: [],
  weight: 2,
  prepare(pod, snapshot) {
    if (pod.spread.length > 0) return undefined;
    const inGroup = (node: NodeView): number => node.groups.get(pod.group) ?? 0;
    return {
      score(nodes) {
        const perNode = nodes.map(inGroup);
        const mostOnNode = Math.max(...perNode);
        const zones = new Map<string, number>();
        for (const node of snapshot.nodes) {
          const zone = node.labels[zoneLabel];
          if (zone !== undefined) zones.set(zone, (zones.get(zone) ?? 0) + inGroup(node));
        }
        const mostInZone = Math.max(0, ...zones.values());
        return nodes.map((node, i) => {
          const byNode = mostOnNode === 0 ? 100 : (100 * (mostOnNode - (perNode[i] ?? 0))) / mostOnNode;
          const zone = node.labels[zoneLabel];
          if (zone === undefined || zones.size === 0) return byNode;
          const byZone = mostInZone === 0 ? 100 : (100 * (mostInZone - (zones.get(zone) ?? 0))) / mostInZone;
          return byNode * (1 - zoneShare) + byZone * zoneShare;
        });
      },
    };
  },
};
