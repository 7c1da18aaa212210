import { volumeAttributesClasses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const volumeAttributesClassResource = defineResource({
  type: volumeAttributesClasses,
});
