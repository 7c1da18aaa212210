import { podTemplates } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const podTemplateResource = defineResource({
  type: podTemplates,
});
