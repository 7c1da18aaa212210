import { priorityClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const priorityClassResource = defineResource({
  type: priorityClasses,
});
