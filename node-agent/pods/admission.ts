import type { V1Node, V1NodeSelectorTerm } from '#api/generated/types.ts';
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  quantityMilli,
  quantityOf,
  quantityValue,
  subtractQuantities,
} from '#api/quantity.ts';
import { meetsNodeRequirement } from '#api/selectors/nodes.ts';
import type { PodFailure } from './memory.ts';
import { type ApiPod, containersOf, isTerminalPhase, specOf } from './pod-model.ts';
import { podResourcesOf } from './resources.ts';

/**
 * Whether the node takes a pod that was bound to it. The scheduler has asked the same, but others may bind too, and the
 * node may have changed since. `others` are the pods that the node has taken already.
 */
export function admit(pod: ApiPod, node: V1Node, others: readonly ApiPod[]): PodFailure | undefined {
  return wrongNode(pod, node) ?? portTaken(pod, others) ?? tooMuch(pod, node, others);
}

function wrongNode(pod: ApiPod, node: V1Node): PodFailure | undefined {
  const labels = node.metadata?.labels ?? {};
  const spec = specOf(pod);
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (selected && (!terms || terms.some((term) => matchesTerm(term, node)))) return undefined;
  return {
    reason: 'NodeAffinity',
    message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  };
}

function matchesTerm(term: V1NodeSelectorTerm, node: V1Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    expressions.every((requirement) => meetsNodeRequirement(requirement, labels[requirement.key])) &&
    fields.every((requirement) =>
      meetsNodeRequirement(requirement, requirement.key === 'metadata.name' ? node.metadata?.name : undefined),
    )
  );
}

function portTaken(pod: ApiPod, others: readonly ApiPod[]): PodFailure | undefined {
  const taken = others.filter(isActive).flatMap(hostPortsOf);
  const clash = hostPortsOf(pod).some((own) =>
    taken.some(
      (other) =>
        own.port === other.port &&
        own.protocol === other.protocol &&
        (own.ip === other.ip || own.ip === '0.0.0.0' || other.ip === '0.0.0.0'),
    ),
  );
  if (!clash) return undefined;
  return {
    reason: 'NodePorts',
    message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  };
}

const hostPortsOf = (pod: ApiPod): { readonly port: number; readonly protocol: string; readonly ip: string }[] =>
  containersOf(pod).flatMap(({ spec }) =>
    (spec.ports ?? []).flatMap(({ hostPort, protocol, hostIP }) =>
      hostPort ? [{ port: hostPort, protocol: protocol ?? 'TCP', ip: hostIP || '0.0.0.0' }] : [],
    ),
  );

function tooMuch(pod: ApiPod, node: V1Node, others: readonly ApiPod[]): PodFailure | undefined {
  const allocatable = node.status?.allocatable ?? {};
  const active = others.filter(isActive);
  const podsMax = allocatable.pods === undefined ? undefined : quantityValue(parseQuantity(allocatable.pods));
  if (podsMax !== undefined && active.length + 1 > podsMax) return refusal('pods', 1, active.length, podsMax);
  for (const [name, wanted] of podResourcesOf(pod).requests) {
    if (compareQuantities(wanted, zero) <= 0) continue;
    const capacity = parseQuantity(allocatable[name] ?? '0');
    const used = active.reduce<Quantity>((sum, other) => {
      const own = podResourcesOf(other).requests.get(name);
      return own ? addQuantities(sum, own) : sum;
    }, zero);
    if (compareQuantities(wanted, subtractQuantities(capacity, used)) > 0)
      return refusal(name, amount(name, wanted), amount(name, used), amount(name, capacity));
  }
  return undefined;
}

const zero = quantityOf(0);
const isActive = (pod: ApiPod): boolean => !isTerminalPhase(pod.status?.phase);
const amount = (name: string, quantity: Quantity): number =>
  name === 'cpu' ? quantityMilli(quantity) : quantityValue(quantity);

function refusal(name: string, requested: number, used: number, capacity: number): PodFailure {
  return {
    reason: `OutOf${name}`,
    message: `Pod was rejected: Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}
