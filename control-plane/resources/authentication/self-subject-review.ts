import { selfSubjectReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const selfSubjectReviewResource = defineResource({
  type: selfSubjectReviews,
  verbs: ['create'],
});
