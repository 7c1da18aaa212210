import { localSubjectAccessReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const localSubjectAccessReviewResource = defineResource({
  type: localSubjectAccessReviews,
  verbs: ['create'],
});
