import type {
  ResourceV1ResourceClaim,
  V1DeviceClass,
  V1ResourceClaimTemplate,
  V1ResourceSlice,
} from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const deviceClasses = resourceType<V1DeviceClass>('resource.k8s.io', 'v1', 'deviceclasses', 'DeviceClass', {
  namespaced: false,
});
export const resourceClaims = resourceType<ResourceV1ResourceClaim>(
  'resource.k8s.io',
  'v1',
  'resourceclaims',
  'ResourceClaim',
  { model: 'ResourceV1ResourceClaim' },
);
export const resourceClaimTemplates = resourceType<V1ResourceClaimTemplate>(
  'resource.k8s.io',
  'v1',
  'resourceclaimtemplates',
  'ResourceClaimTemplate',
);
export const resourceSlices = resourceType<V1ResourceSlice>(
  'resource.k8s.io',
  'v1',
  'resourceslices',
  'ResourceSlice',
  { namespaced: false },
);
