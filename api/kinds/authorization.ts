import type {
  V1LocalSubjectAccessReview,
  V1SelfSubjectAccessReview,
  V1SelfSubjectRulesReview,
  V1SubjectAccessReview,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const localSubjectAccessReviews = resourceType<V1LocalSubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'localsubjectaccessreviews',
  'LocalSubjectAccessReview',
);
export const selfSubjectAccessReviews = resourceType<V1SelfSubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
  { namespaced: false },
);
export const selfSubjectRulesReviews = resourceType<V1SelfSubjectRulesReview>(
  'authorization.k8s.io',
  'v1',
  'selfsubjectrulesreviews',
  'SelfSubjectRulesReview',
  { namespaced: false },
);
export const subjectAccessReviews = resourceType<V1SubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
  { namespaced: false },
);
