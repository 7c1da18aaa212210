import type { V1NodeSelector, V1NodeSelectorRequirement, V1NodeSelectorTerm } from '../generated/types.ts';

/** What node selectors look at. */
export interface NodeIdentity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Node selectors know operators that label selectors do not (Gt, Lt), and fields of the node. */
export const matchesNodeSelector = (selector: V1NodeSelector, node: NodeIdentity): boolean =>
  selector.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));

/** A term without any requirement matches nothing. */
export function matchesNodeTerm(
  { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm,
  node: NodeIdentity,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((one) =>
      meetsNodeRequirement(one, Object.hasOwn(node.labels, one.key) ? node.labels[one.key] : undefined),
    ) && matchFields.every((one) => one.key === 'metadata.name' && meetsNodeRequirement(one, node.name))
  );
}

/** What a pod requires of a node by its nodeSelector and its required node affinity. */
export function matchesRequirements(
  nodeSelector: Readonly<Record<string, string>> | undefined,
  required: V1NodeSelector | undefined,
  node: NodeIdentity,
): boolean {
  for (const [key, value] of Object.entries(nodeSelector ?? {})) if (node.labels[key] !== value) return false;
  return !required || matchesNodeSelector(required, node);
}

/** Does a node with this value under the requirement's key meet it? Gt and Lt compare whole numbers, of any size. */
export function meetsNodeRequirement(
  { operator, values = [] }: V1NodeSelectorRequirement,
  value: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const isNumber = /^-?\d{1,19}$/;
      const [wanted = ''] = values;
      if (!isNumber.test(value ?? '') || !isNumber.test(wanted)) return false;
      const [a, b] = [BigInt(value ?? 0), BigInt(wanted)];
      return operator === 'Gt' ? a > b : a < b;
    }
    default:
      return false;
  }
}
