import { defaultNode } from '#api/defaults/objects.ts';
import type { V1Node } from '#api/generated/types.ts';
import { nodes } from '#api/kinds.ts';
import type { Strategy } from '#api/strategy.ts';
import { validateNode, validateNodeStatus, validateNodeUpdate } from '#api/validation/nodes.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { connectSubresource, proxyVerbs, statusSubresource } from '../subresources.ts';

const strategy: Strategy<V1Node> = {
  default: defaultNode,
  // An agent registers its node together with the first status.
  prepareForUpdate(node, old, { subresource }) {
    if (subresource === 'status') node.spec = old.spec;
    else node.status = old.status;
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  validateStatus: validateNodeStatus,
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
};

const unknown = '<unknown>';
const rolePrefix = 'node-role.kubernetes.io/';

function statusOf(node: V1Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

function rolesOf(node: V1Node): string {
  const roles = Object.entries(node.metadata?.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) return [key.slice(rolePrefix.length)];
    return key === 'kubernetes.io/role' && value ? [value] : [];
  });
  return [...new Set(roles)].toSorted().join(',') || none;
}

const addressOf = (node: V1Node, type: string): string =>
  node.status?.addresses?.find((address) => address.type === type)?.address ?? none;

export const nodeResource = defineResource<V1Node>({
  type: nodes,
  storagePath: 'minions',
  strategy,
  subresources: [connectSubresource('proxy', proxyVerbs, 'NodeProxyOptions'), statusSubresource],
  columns: [
    nameColumn(),
    column('Status', statusOf, { description: 'Whether the node is ready and takes pods.' }),
    column('Roles', rolesOf, { description: 'What the node is for.' }),
    ageColumn(),
    column('Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? '', { description: 'Version of its agent.' }),
    column('Internal-IP', (node) => addressOf(node, 'InternalIP'), { wide: true }),
    column('External-IP', (node) => addressOf(node, 'ExternalIP'), { wide: true }),
    column('OS-Image', (node) => node.status?.nodeInfo?.osImage || unknown, { wide: true }),
    column('Kernel-Version', (node) => node.status?.nodeInfo?.kernelVersion || unknown, { wide: true }),
    column('Container-Runtime', (node) => node.status?.nodeInfo?.containerRuntimeVersion || unknown, { wide: true }),
  ],
});
