import { componentStatuses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const componentStatusResource = defineResource({
  type: componentStatuses,
  verbs: ['get', 'list'],
});
