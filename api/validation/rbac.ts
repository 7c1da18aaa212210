import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '../field-error.ts';
import type {
  RbacV1Subject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1PolicyRule,
  V1RoleBinding,
  V1RoleRef,
} from '../generated/types.ts';
import { all, each, immutableField, labelSelector, required } from './fields.ts';
import { dnsSubdomainProblems, pathSegmentProblems } from './formats.ts';

const group = 'rbac.authorization.k8s.io';

export const rules = (list: readonly V1PolicyRule[] | undefined, namespaced: boolean, field = 'rules'): FieldError[] =>
  each(list, field, (rule, path) => {
    const errors: FieldError[] = [];
    if ((rule.verbs ?? []).length === 0) {
      errors.push(fieldRequired(`${path}.verbs`, 'verbs must contain at least one value'));
    }
    if (rule.nonResourceURLs?.length) {
      if (namespaced) {
        const words = 'namespaced rules cannot apply to non-resource URLs';
        errors.push(fieldInvalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, words));
      }
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        const words = 'rules cannot apply to both regular resources and non-resource URLs';
        errors.push(fieldInvalid(`${path}.nonResourceURLs`, rule.nonResourceURLs, words));
      }
      return errors;
    }
    if (!rule.apiGroups?.length) {
      errors.push(fieldRequired(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    }
    if (!rule.resources?.length) {
      errors.push(fieldRequired(`${path}.resources`, 'resource rules must supply at least one resource'));
    }
    return errors;
  });

export const validateRole = (role: { rules?: V1PolicyRule[] | undefined }): FieldError[] => rules(role.rules, true);

export function validateClusterRole(role: V1ClusterRole): FieldError[] {
  const errors = rules(role.rules, false);
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (!role.aggregationRule) return errors;
  const field = 'aggregationRule.clusterRoleSelectors';
  if (!selectors?.length)
    return [...errors, fieldRequired(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  return [...errors, ...each(selectors, field, (selector, path) => labelSelector(selector, path))];
}

const roleRef = (ref: V1RoleRef | undefined, kinds: readonly string[]): FieldError[] => [
  ...((ref?.apiGroup ?? '') === group ? [] : [fieldNotSupported('roleRef.apiGroup', ref?.apiGroup ?? '', [group])]),
  ...(kinds.includes(ref?.kind ?? '') ? [] : [fieldNotSupported('roleRef.kind', ref?.kind ?? '', kinds)]),
  ...(ref?.name ? all(pathSegmentProblems(ref.name), 'roleRef.name', ref.name) : [fieldRequired('roleRef.name')]),
];

const subjects = (list: readonly RbacV1Subject[] | undefined, namespaced: boolean): FieldError[] =>
  each(list, 'subjects', (subject, path) => {
    const errors = required(subject.name, `${path}.name`);
    const apiGroup = subject.apiGroup ?? '';
    if (subject.kind === 'ServiceAccount') {
      if (subject.name) errors.push(...all(dnsSubdomainProblems(subject.name), `${path}.name`, subject.name));
      if (apiGroup !== '') errors.push(fieldNotSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !subject.namespace) errors.push(fieldRequired(`${path}.namespace`));
      return errors;
    }
    if (subject.kind !== 'User' && subject.kind !== 'Group') {
      return [...errors, fieldNotSupported(`${path}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group'])];
    }
    if (apiGroup !== group) errors.push(fieldNotSupported(`${path}.apiGroup`, apiGroup, [group]));
    return errors;
  });

export const validateRoleBinding = (binding: V1RoleBinding): FieldError[] => [
  ...roleRef(binding.roleRef, ['Role', 'ClusterRole']),
  ...subjects(binding.subjects, true),
];

export const validateClusterRoleBinding = (binding: V1ClusterRoleBinding): FieldError[] => [
  ...roleRef(binding.roleRef, ['ClusterRole']),
  ...subjects(binding.subjects, false),
];

export const validateBindingUpdate = (binding: { roleRef: V1RoleRef }, old: { roleRef: V1RoleRef }): FieldError[] =>
  immutableField(binding.roleRef, old.roleRef, 'roleRef').map((error) => ({
    ...error,
    message: error.message.replace(/field is immutable$/, 'cannot change roleRef'),
  }));
