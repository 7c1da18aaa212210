import { ipAddresses } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const ipAddressResource = defineResource({
  type: ipAddresses,
});
