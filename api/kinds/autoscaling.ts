import type { V1HorizontalPodAutoscaler, V2HorizontalPodAutoscaler } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const horizontalPodAutoscalersV1 = resourceType<V1HorizontalPodAutoscaler>(
  'autoscaling',
  'v1',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
  { shortNames: ['hpa'], categories: ['all'] },
);
export const horizontalPodAutoscalers = resourceType<V2HorizontalPodAutoscaler>(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
  { shortNames: ['hpa'], categories: ['all'] },
);
