import { resourceClaimTemplates } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const resourceClaimTemplateResource = defineResource({
  type: resourceClaimTemplates,
});
