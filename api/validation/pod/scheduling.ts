import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../field-error.ts';
import type { V1PodSchedulingGate, V1Taint, V1Toleration, V1TopologySpreadConstraint } from '../../generated/types.ts';
import { each, labelSelector, oneOf, qualifiedName } from '../fields.ts';
import { labelValueProblems, notPositive } from '../formats.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export const tolerations = (values: readonly V1Toleration[] | undefined, field: string): FieldError[] =>
  each(values, field, (toleration, path) => {
    const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
    const errors = key ? qualifiedName(key, `${path}.key`) : [];
    if (!key && operator !== 'Exists') {
      const words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(fieldInvalid(`${path}.operator`, operator, words));
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const words = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(fieldInvalid(`${path}.effect`, effect, words));
    }
    if (operator === '' || operator === 'Equal') {
      const problems = labelValueProblems(value);
      if (problems.length > 0) errors.push(fieldInvalid(`${path}.operator`, value, problems.join(';')));
    } else if (operator === 'Exists') {
      if (value)
        errors.push(fieldInvalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else {
      errors.push(fieldNotSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
    }
    return effect ? [...errors, ...oneOf(effect, `${path}.effect`, effects)] : errors;
  });

export function taints(values: readonly V1Taint[] | undefined, field: string): FieldError[] {
  const seen = new Set<string>();
  return each(values, field, (taint, path) => {
    const { key, value = '', effect } = taint;
    const errors = qualifiedName(key ?? '', `${path}.key`);
    const problems = labelValueProblems(value);
    if (problems.length > 0) errors.push(fieldInvalid(`${path}.value`, value, problems.join(';')));
    errors.push(...(effect ? oneOf(effect, `${path}.effect`, effects) : [fieldRequired(`${path}.effect`)]));
    const pair = `${effect}\n${key}`;
    if (seen.has(pair)) {
      const { message, ...error } = fieldDuplicate(path, taint);
      errors.push({ ...error, message: `${message}: taints must be unique by key and effect pair` });
    }
    seen.add(pair);
    return errors;
  });
}

export function schedulingGates(gates: readonly V1PodSchedulingGate[] | undefined, field: string): FieldError[] {
  const seen = new Set<string>();
  return each(gates, field, ({ name }, path) => {
    const errors = qualifiedName(name ?? '', path);
    if (seen.has(name)) errors.push(fieldDuplicate(path, name));
    seen.add(name);
    return errors;
  });
}

export const topologySpread = (
  constraints: readonly V1TopologySpreadConstraint[] | undefined,
  field: string,
): FieldError[] =>
  each(constraints, field, (constraint, path, index) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const errors: FieldError[] = [];
    if (!(maxSkew > 0)) errors.push(fieldInvalid(`${path}.maxSkew`, maxSkew ?? 0, notPositive));
    if (!topologyKey) errors.push(fieldRequired(`${path}.topologyKey`, 'can not be empty'));
    errors.push(...oneOf(whenUnsatisfiable ?? '', `${path}.whenUnsatisfiable`, ['DoNotSchedule', 'ScheduleAnyway']));
    const twin = constraints
      ?.slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (twin) {
      errors.push(fieldDuplicate(`${path}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(fieldInvalid(`${path}.minDomains`, minDomains, notPositive));
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const words = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.push(fieldInvalid(`${path}.minDomains`, minDomains, words));
      }
    }
    return [
      ...errors,
      ...oneOf(constraint.nodeAffinityPolicy, `${path}.nodeAffinityPolicy`, ['Honor', 'Ignore']),
      ...oneOf(constraint.nodeTaintsPolicy, `${path}.nodeTaintsPolicy`, ['Honor', 'Ignore']),
      ...matchLabelKeys(constraint, `${path}.matchLabelKeys`),
      ...labelSelector(constraint.labelSelector, `${path}.labelSelector`),
    ];
  });

function matchLabelKeys(constraint: V1TopologySpreadConstraint, field: string): FieldError[] {
  const { matchLabelKeys: keys = [], labelSelector: selector } = constraint;
  if (keys.length === 0) return [];
  const errors = selector ? [] : [fieldForbidden(field, 'must not be specified when labelSelector is not set')];
  const used = new Set([
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map((expression) => expression.key),
  ]);
  return [
    ...errors,
    ...each(keys, field, (key, path) => [
      ...qualifiedName(key, path),
      ...(used.has(key) ? [fieldInvalid(path, key, 'exists in both matchLabelKeys and labelSelector')] : []),
    ]),
  ];
}
