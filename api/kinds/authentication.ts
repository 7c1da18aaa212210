import type { V1SelfSubjectReview, V1TokenReview } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const selfSubjectReviews = resourceType<V1SelfSubjectReview>(
  'authentication.k8s.io',
  'v1',
  'selfsubjectreviews',
  'SelfSubjectReview',
  { namespaced: false },
);
export const tokenReviews = resourceType<V1TokenReview>('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview', {
  namespaced: false,
});
