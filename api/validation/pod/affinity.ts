import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../field-error.ts';
import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeSelector,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodAffinityTerm,
  V1WeightedPodAffinityTerm,
} from '../../generated/types.ts';
import { all, each, labelSelector, qualifiedName } from '../fields.ts';
import { dnsLabelProblems, dnsSubdomainProblems, labelValueProblems } from '../formats.ts';

export function affinity(value: V1Affinity | undefined, field: string): FieldError[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = value ?? {};
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const needed = nodeAffinity?.[required];
  return [
    ...(needed ? nodeSelector(needed, `${field}.nodeAffinity.${required}`) : []),
    ...each(nodeAffinity?.[preferred], `${field}.nodeAffinity.${preferred}`, (term, path) => [
      ...weight(term.weight, path),
      ...nodeSelectorTerm(term.preference ?? {}, `${path}.preference`, false),
    ]),
    ...each(podAffinity?.[required], `${field}.podAffinity.${required}`, podTerm),
    ...each(podAffinity?.[preferred], `${field}.podAffinity.${preferred}`, weightedTerm),
    ...each(podAntiAffinity?.[required], `${field}.podAntiAffinity.${required}`, podTerm),
    ...each(podAntiAffinity?.[preferred], `${field}.podAntiAffinity.${preferred}`, weightedTerm),
  ];
}

const weight = (value: number, field: string): FieldError[] =>
  value > 0 && value <= 100 ? [] : [fieldInvalid(`${field}.weight`, value ?? 0, 'must be in the range 1-100')];

export function nodeSelector(selector: V1NodeSelector, field: string): FieldError[] {
  const path = `${field}.nodeSelectorTerms`;
  if ((selector.nodeSelectorTerms ?? []).length === 0) {
    return [fieldRequired(path, 'must have at least one node selector term')];
  }
  return each(selector.nodeSelectorTerms, path, (term, termPath) => nodeSelectorTerm(term, termPath, true));
}

const nodeSelectorTerm = (term: V1NodeSelectorTerm, field: string, checkValues: boolean): FieldError[] => [
  ...each(term.matchExpressions, `${field}.matchExpressions`, (one, path) => nodeRequirement(one, path, checkValues)),
  ...each(term.matchFields, `${field}.matchFields`, nodeFieldRequirement),
];

function nodeRequirement(requirement: V1NodeSelectorRequirement, field: string, checkValues: boolean): FieldError[] {
  const values = requirement.values ?? [];
  const path = `${field}.values`;
  const errors: FieldError[] = [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) errors.push(fieldRequired(path, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(fieldForbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        errors.push(fieldRequired(path, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      }
      break;
    default:
      errors.push(fieldInvalid(`${field}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...qualifiedName(requirement.key ?? '', `${field}.key`));
  if (checkValues) errors.push(...each(values, path, (value, at) => all(labelValueProblems(value), at, value)));
  return errors;
}

function nodeFieldRequirement(requirement: V1NodeSelectorRequirement, field: string): FieldError[] {
  const { key, operator, values = [] } = requirement;
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(fieldInvalid(`${field}.operator`, operator ?? '', 'not a valid selector operator'));
  } else if (values.length !== 1) {
    const words = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(fieldRequired(`${field}.values`, words));
  }
  if (key !== 'metadata.name') {
    return [...errors, fieldInvalid(`${field}.key`, key ?? '', 'not a valid field selector key')];
  }
  return [
    ...errors,
    ...each(values, `${field}.values`, (value, path) => all(dnsSubdomainProblems(value), path, value)),
  ];
}

function podTerm(term: V1PodAffinityTerm, field: string): FieldError[] {
  const errors = [
    ...labelSelector(term.labelSelector, `${field}.labelSelector`),
    ...labelSelector(term.namespaceSelector, `${field}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => all(dnsLabelProblems(name), `${field}.namespace`, name)),
    ...labelKeys(term.matchLabelKeys, term.labelSelector, `${field}.matchLabelKeys`),
    ...labelKeys(term.mismatchLabelKeys, term.labelSelector, `${field}.mismatchLabelKeys`),
    ...each(term.matchLabelKeys, `${field}.matchLabelKeys`, (key, path) =>
      term.mismatchLabelKeys?.includes(key)
        ? [fieldInvalid(path, key, 'exists in both matchLabelKeys and mismatchLabelKeys')]
        : [],
    ),
  ];
  if (!term.topologyKey) errors.push(fieldRequired(`${field}.topologyKey`, 'can not be empty'));
  return [...errors, ...qualifiedName(term.topologyKey ?? '', `${field}.topologyKey`)];
}

const weightedTerm = (term: V1WeightedPodAffinityTerm, field: string): FieldError[] => [
  ...weight(term.weight, field),
  ...podTerm(term.podAffinityTerm ?? { topologyKey: '' }, `${field}.podAffinityTerm`),
];

function labelKeys(
  keys: readonly string[] | undefined,
  selector: V1LabelSelector | undefined,
  field: string,
): FieldError[] {
  if (!keys?.length) return [];
  if (!selector) return [fieldForbidden(field, 'must not be specified when labelSelector is not set')];
  return each(keys, field, qualifiedName);
}
