import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired } from '../../field-error.ts';
import type { V1LabelSelector, V1PodTemplateSpec } from '../../generated/types.ts';
import { fromLabelSelectorObject, matchesLabels } from '../../selectors/labels.ts';
import { isEmptySelector, labelSelector, nonNegative } from '../fields.ts';
import { podTemplate } from '../pod/pod.ts';

/** Whether the selector, which is known to be well formed, takes the template's pods. */
export function selects(selector: V1LabelSelector, template: V1PodTemplateSpec | undefined): boolean {
  return matchesLabels(fromLabelSelectorObject(selector), template?.metadata?.labels ?? {});
}

/** Selector and template of a workload whose pods run for ever. */
export function selectorAndTemplate(
  spec: { selector?: V1LabelSelector | undefined; template?: V1PodTemplateSpec | undefined },
  kind: string,
  selectorName: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const { selector, template } = spec;
  // Without a selector nothing is selected, the template's own pods neither.
  if (!selector) errors.push(fieldRequired('spec.selector'), mismatch(template));
  else {
    const malformed = labelSelector(selector, 'spec.selector');
    errors.push(...malformed);
    if (isEmptySelector(selector)) {
      errors.push(fieldInvalid('spec.selector', selector, `empty selector is ${selectorName}`));
    } else if (malformed.length === 0 && !selects(selector, template)) {
      errors.push(mismatch(template));
    }
  }
  return [...errors, ...podTemplate(template, 'spec.template'), ...alwaysRestarted(template, kind)];
}

export const mismatch = (template: V1PodTemplateSpec | undefined): FieldError =>
  fieldInvalid(
    'spec.template.metadata.labels',
    template?.metadata?.labels ?? null,
    '`selector` does not match template `labels`',
  );

export function alwaysRestarted(template: V1PodTemplateSpec | undefined, kind: string): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  const errors: FieldError[] = [];
  if (policy !== 'Always') {
    errors.push(fieldNotSupported('spec.template.spec.restartPolicy', policy ?? '', ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const words = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(fieldForbidden('spec.template.spec.activeDeadlineSeconds', words));
  }
  return errors;
}

type ReplicaStatus = Record<string, unknown>;

/** Counts of a status are not negative, and parts are not more than the whole. */
export function counts(
  status: object | undefined,
  names: readonly string[],
  whole: string | undefined,
  message: string,
): FieldError[] {
  const values: ReplicaStatus = { ...status };
  const number = (name: string): number => {
    const value = values[name];
    return typeof value === 'number' ? value : 0;
  };
  const negative = [...(whole ? [whole] : []), ...names].flatMap((name) => nonNegative(number(name), `status.${name}`));
  if (whole === undefined) return negative;
  const tooMany = names
    .filter((name) => name !== 'observedGeneration' && number(name) > number(whole))
    .map((name) => fieldInvalid(`status.${name}`, number(name), message));
  const unready = number('availableReplicas') > number('readyReplicas') && names.includes('availableReplicas');
  return unready
    ? [
        ...negative,
        ...tooMany,
        fieldInvalid('status.availableReplicas', number('availableReplicas'), 'cannot be greater than readyReplicas'),
      ]
    : [...negative, ...tooMany];
}

export const aboveReplicas = 'cannot be greater than status.replicas';

/** How often two hashes met only grows. */
export const collisions = (now: number | undefined, before: number | undefined): FieldError[] =>
  before !== undefined && (now ?? -1) < before
    ? [fieldInvalid('status.collisionCount', now ?? 0, 'cannot be decremented')]
    : [];
