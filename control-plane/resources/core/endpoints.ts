import { endpoints } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const endpointsResource = defineResource({
  type: endpoints,
  storagePath: 'services/endpoints',
});
