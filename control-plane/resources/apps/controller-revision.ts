import { controllerRevisions } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const controllerRevisionResource = defineResource({
  type: controllerRevisions,
});
