import type { V1HorizontalPodAutoscaler, V2HorizontalPodAutoscaler, V2MetricSpec } from '../generated/types.ts';

/** autoscaling/v1 → v2. */
export function toV2(hpa: V1HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  const { spec, status, ...rest } = hpa;
  const { targetCPUUtilizationPercentage: cpu, ...sameSpec } = spec ?? { maxReplicas: 0, scaleTargetRef: emptyTarget };
  const { currentCPUUtilizationPercentage: currentCpu, ...sameStatus } = status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  };
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    ...(spec && { spec: { ...sameSpec, ...(cpu !== undefined && { metrics: [cpuMetric(cpu)] }) } }),
    ...(status && {
      status: {
        ...sameStatus,
        ...(currentCpu !== undefined && {
          currentMetrics: [
            { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } },
          ],
        }),
      },
    }),
  };
}

/** autoscaling/v2 → v1. */
export function fromV2(hpa: V2HorizontalPodAutoscaler): V1HorizontalPodAutoscaler {
  const { spec, status, ...rest } = hpa;
  const cpu = spec?.metrics?.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const currentCpu = status?.currentMetrics?.find((metric) => metric.resource?.name === 'cpu')?.resource?.current
    .averageUtilization;
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    ...(spec && {
      spec: {
        maxReplicas: spec.maxReplicas,
        ...(spec.minReplicas !== undefined && { minReplicas: spec.minReplicas }),
        scaleTargetRef: spec.scaleTargetRef,
        ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }),
      },
    }),
    ...(status && {
      status: {
        currentReplicas: status.currentReplicas ?? 0,
        desiredReplicas: status.desiredReplicas,
        ...(status.lastScaleTime !== undefined && { lastScaleTime: status.lastScaleTime }),
        ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
        ...(currentCpu !== undefined && { currentCPUUtilizationPercentage: currentCpu }),
      },
    }),
  };
}

const emptyTarget = { kind: '', name: '' };

const cpuMetric = (percent: number): V2MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
});

const isCpuUtilization = (metric: V2MetricSpec): boolean =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.target.averageUtilization !== undefined;
