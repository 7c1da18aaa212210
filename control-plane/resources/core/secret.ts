import { secrets } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const secretResource = defineResource({
  type: secrets,
});
