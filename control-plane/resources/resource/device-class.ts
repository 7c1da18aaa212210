import { deviceClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const deviceClassResource = defineResource({
  type: deviceClasses,
});
