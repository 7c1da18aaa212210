import type { V1CustomResourceDefinition } from '#api/generated/types.ts';
import { customResourceDefinitions } from '#api/kinds.ts';
import { createdAtColumn, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

/** Stored and served; what it defines is not served yet. */
export const customResourceDefinitionResource = defineResource<V1CustomResourceDefinition>({
  type: customResourceDefinitions,
  storagePath: 'apiextensions.k8s.io/customresourcedefinitions',
  strategy: specAndStatus<V1CustomResourceDefinition>({}),
  subresources: [statusSubresource],
  columns: [nameColumn(), createdAtColumn()],
});
