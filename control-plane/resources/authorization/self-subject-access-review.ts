import { selfSubjectAccessReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const selfSubjectAccessReviewResource = defineResource({
  type: selfSubjectAccessReviews,
  verbs: ['create'],
});
