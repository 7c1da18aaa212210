import type { HostPort, NodeView, Plugin, Refusal } from '../types.ts';

const refusal: Refusal = {
  plugin: 'NodePorts',
  kind: 'unschedulable',
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
};

const everyAddress = '0.0.0.0';

/** A port of the host can be given away once per address; 0.0.0.0 is every address. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  wakes: ['node-added', 'pod-removed'],
  weight: 0,
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return { check: (node) => (hostPorts.some((port) => isTaken(node, port)) ? refusal : undefined) };
  },
};

function isTaken(node: NodeView, { protocol, port, ip }: HostPort): boolean {
  const used = node.ports.get(`${protocol}/${port}`);
  if (!used) return false;
  return ip === everyAddress || used.includes(ip) || used.includes(everyAddress);
}
