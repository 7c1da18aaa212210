import { defaultDeployment } from '#api/defaults/workloads.ts';
import type { V1Deployment } from '#api/generated/types.ts';
import { deployments } from '#api/kinds.ts';
import {
  validateDeployment,
  validateDeploymentStatus,
  validateDeploymentUpdate,
} from '#api/validation/apps/deployment.ts';
import { templateWarnings } from '#api/validation/pod/warnings.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { scaleSubresource, statusSubresource } from '../subresources.ts';
import { selectorColumn, templateColumns } from '../workload-columns.ts';

export const deploymentResource = defineResource<V1Deployment>({
  type: deployments,
  strategy: specAndStatus<V1Deployment>({
    default: defaultDeployment,
    prepareForUpdate(deployment, old, { subresource }) {
      if (subresource === 'status' && deployment.metadata) deployment.metadata.labels = old.metadata?.labels;
    },
    validate: validateDeployment,
    validateUpdate: validateDeploymentUpdate,
    validateStatus: validateDeploymentStatus,
    warnings: (deployment) => templateWarnings(deployment.spec?.template, 'spec.template'),
  }),
  subresources: [scaleSubresource(), statusSubresource],
  columns: [
    nameColumn(),
    column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    column('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0, { type: 'integer' }),
    column('Available', ({ status }) => status?.availableReplicas ?? 0, { type: 'integer' }),
    ageColumn(),
    ...templateColumns<V1Deployment>((deployment) => deployment.spec?.template),
    selectorColumn((deployment) => deployment.spec?.selector),
  ],
});
