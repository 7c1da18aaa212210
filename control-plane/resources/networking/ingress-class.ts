import { ingressClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const ingressClassResource = defineResource({
  type: ingressClasses,
});
