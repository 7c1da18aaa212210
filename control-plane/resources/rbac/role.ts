import { roles } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const roleResource = defineResource({
  type: roles,
});
