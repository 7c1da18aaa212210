import type { V1CustomResourceDefinition } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const customResourceDefinitions = resourceType<V1CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
  { shortNames: ['crd', 'crds'], categories: ['api-extensions'], namespaced: false },
);
