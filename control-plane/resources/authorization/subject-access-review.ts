import { subjectAccessReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const subjectAccessReviewResource = defineResource({
  type: subjectAccessReviews,
  verbs: ['create'],
});
