import { storageClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const storageClassResource = defineResource({
  type: storageClasses,
});
