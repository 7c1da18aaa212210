import { tokenReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const tokenReviewResource = defineResource({
  type: tokenReviews,
  verbs: ['create'],
});
