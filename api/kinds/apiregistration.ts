import type { V1APIService } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const apiServices = resourceType<V1APIService>('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService', {
  categories: ['api-extensions'],
  namespaced: false,
});
