import { type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid } from '../field-error.ts';
import type { V1Namespace, V1Node } from '../generated/types.ts';
import { all, each, qualifiedName } from './fields.ts';
import { cidrProblems } from './formats.ts';
import { resourceQuantity } from './pod/resources.ts';
import { taints } from './pod/scheduling.ts';

export function validateNode(node: V1Node): FieldError[] {
  const cidrs = node.spec?.podCIDRs ?? [];
  const errors = [
    ...taints(node.spec?.taints, 'metadata.taints'),
    ...capacities(node),
    ...each(cidrs, 'spec.podCIDRs', (cidr, path) => all(cidrProblems(cidr), path, cidr)),
  ];
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  return cidrs.length > families.size
    ? [...errors, fieldInvalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family')]
    : errors;
}

const capacities = ({ status }: V1Node): FieldError[] =>
  (['capacity', 'allocatable'] as const).flatMap((kind) =>
    Object.entries(status?.[kind] ?? {}).flatMap(([name, text]) =>
      resourceQuantity(name, text, `status.${kind}.${name}`),
    ),
  );

export function validateNodeUpdate(node: V1Node, old: V1Node): FieldError[] {
  const errors = validateNodeStatus(node);
  const before = old.spec?.podCIDRs ?? [];
  if (before.length > 0 && JSON.stringify(node.spec?.podCIDRs ?? []) !== JSON.stringify(before)) {
    errors.push(fieldForbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID) {
    errors.push(fieldForbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

export function validateNodeStatus(node: V1Node): FieldError[] {
  const seen = new Set<string>();
  const doubled = each(node.status?.addresses, 'status.addresses', (address, path) => {
    const key = `${address.type}/${address.address}`;
    const double = seen.has(key);
    seen.add(key);
    return double ? [fieldDuplicate(path, address)] : [];
  });
  return [...capacities(node), ...doubled];
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

const finalizer = (name: string, field: string): FieldError[] => {
  const errors = qualifiedName(name, field);
  if (name.includes('/') || standardFinalizers.includes(name)) return errors;
  return [...errors, fieldInvalid(field, name, 'name is neither a standard finalizer name nor is it fully qualified')];
};

export const validateNamespace = ({ spec }: V1Namespace): FieldError[] =>
  (spec?.finalizers ?? []).flatMap((name) => finalizer(name, 'spec.finalizers'));

export function validateNamespaceStatus({ metadata, status }: V1Namespace): FieldError[] {
  const phase = status?.phase ?? '';
  const wanted = metadata?.deletionTimestamp ? 'Terminating' : 'Active';
  if (phase === wanted) return [];
  const state = metadata?.deletionTimestamp ? 'is not empty' : 'is empty';
  return [fieldInvalid('status.Phase', phase, `may only be '${wanted}' if \`deletionTimestamp\` ${state}`)];
}
