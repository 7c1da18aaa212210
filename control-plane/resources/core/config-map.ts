import { configMaps } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const configMapResource = defineResource({
  type: configMaps,
});
