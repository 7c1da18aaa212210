import type { V1Node } from '#api/generated/types.ts';
import { nodes } from '#api/kinds.ts';
import type { AdmissionRequest } from '../registry/admission.ts';
import { equalJson } from '../registry/json-values.ts';
import { isObjectOf } from './object-of.ts';

/** Why a node may not write this Node: as Kubernetes' NodeRestriction, and it does not choose its own pod network. */
export function nodeRefusal(
  { operation, definition, key, object, old, subresource }: AdmissionRequest,
  nodeName: string,
): string | undefined {
  const who = `node ${JSON.stringify(nodeName)}`;
  if (key.name !== nodeName) return `${who} is not allowed to modify node ${JSON.stringify(key.name)}`;
  if (operation === 'DELETE' || !object || !isObjectOf(definition, nodes, object)) return undefined;
  const before = old && isObjectOf(definition, nodes, old) ? old : undefined;
  const labels = forbiddenLabels(object, before);
  if (labels.length > 0) return `${who} is not allowed to modify labels: ${labels.join(', ')}`;
  // Addresses of other machines' pods would come to it.
  if (!subresource && !equalJson(podNetworkOf(object), podNetworkOf(before))) {
    return `${who} is not allowed to choose its part of the pod network`;
  }
  if (!before) return undefined;
  for (const field of ['ownerReferences', 'finalizers'] as const) {
    if (!equalJson(object.metadata?.[field] ?? [], before.metadata?.[field] ?? [])) {
      return `${who} is not allowed to modify its ${field}`;
    }
  }
  if (subresource) return undefined;
  if (!equalJson(object.spec?.taints ?? [], before.spec?.taints ?? [])) return `${who} is not allowed to modify taints`;
  return undefined;
}

const podNetworkOf = (node: V1Node | undefined): readonly string[] => [
  node?.spec?.podCIDR ?? '',
  ...(node?.spec?.podCIDRs ?? []),
];

/** Those labels that the request changes and that are not a node's to give itself. */
function forbiddenLabels(object: V1Node, before: V1Node | undefined): string[] {
  const now = object.metadata?.labels ?? {};
  const then = before?.metadata?.labels ?? {};
  const keys = new Set([...Object.keys(now), ...Object.keys(then)]);
  return [...keys].filter((key) => now[key] !== then[key] && !mayLabel(key)).sort();
}

/** Of the labels that belong to Kubernetes a node sets those that describe it; all others are free. */
export function mayLabel(key: string): boolean {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? '' : key.slice(0, slash);
  if (within(prefix, 'node-restriction.kubernetes.io')) return false;
  if (within(prefix, 'kubelet.kubernetes.io') || within(prefix, 'node.kubernetes.io')) return true;
  if (!within(prefix, 'kubernetes.io') && !within(prefix, 'k8s.io')) return true;
  return describing.has(key);
}

const within = (prefix: string, domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`);

const describing = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
]);
