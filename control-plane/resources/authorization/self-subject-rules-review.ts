import { selfSubjectRulesReviews } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const selfSubjectRulesReviewResource = defineResource({
  type: selfSubjectRulesReviews,
  verbs: ['create'],
});
