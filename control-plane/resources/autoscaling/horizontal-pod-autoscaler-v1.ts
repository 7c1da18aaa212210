import { fromV2, toV2 } from '#api/autoscaling/conversion.ts';
import { horizontalPodAutoscalersV1 } from '#api/kinds.ts';
import { columnsOfHub } from '../columns.ts';
import { defineResource } from '../define.ts';
import { statusSubresource } from '../subresources.ts';
import { horizontalPodAutoscalerResource } from './horizontal-pod-autoscaler.ts';

/** The same objects as autoscaling/v2; what v1 has no field for travels in annotations. */
export const horizontalPodAutoscalerV1Resource = defineResource({
  type: horizontalPodAutoscalersV1,
  subresources: [statusSubresource],
  columns: columnsOfHub(horizontalPodAutoscalerResource.columns, toV2),
  viewOf: {
    hub: { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
    toHub: toV2,
    fromHub: fromV2,
  },
});
