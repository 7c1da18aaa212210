import type { V1EndpointSlice } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const endpointSlices = resourceType<V1EndpointSlice>(
  'discovery.k8s.io',
  'v1',
  'endpointslices',
  'EndpointSlice',
);
