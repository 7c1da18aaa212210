import { runtimeClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const runtimeClassResource = defineResource({
  type: runtimeClasses,
});
