import type {
  V1HorizontalPodAutoscaler,
  V1ObjectMeta,
  V2HorizontalPodAutoscaler,
  V2HorizontalPodAutoscalerSpec,
  V2HorizontalPodAutoscalerStatus,
  V2MetricSpec,
} from '../generated/types.ts';
import { behaviorFromText, metricsFromText, metricsToText } from './metrics.ts';

const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics';
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior';

/** autoscaling/v1 → v2. The annotations in which v1 carries the rest become fields. */
export function toV2(hpa: V1HorizontalPodAutoscaler): V2HorizontalPodAutoscaler {
  const { spec, status, metadata, ...rest } = hpa;
  const { annotations = {} } = metadata ?? {};
  const cpu = spec?.targetCPUUtilizationPercentage;
  const others = metricsFromText(annotations[metricsAnnotation] ?? '') ?? [];
  const metrics = [...(cpu === undefined ? [] : [cpuMetric(cpu)]), ...others];
  const behavior = behaviorFromText(annotations[behaviorAnnotation] ?? '');
  const currentCpu = status?.currentCPUUtilizationPercentage;
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    ...(metadata && { metadata: withAnnotations(metadata, {}) }),
    ...(spec && {
      spec: {
        maxReplicas: spec.maxReplicas,
        ...(spec.minReplicas !== undefined && { minReplicas: spec.minReplicas }),
        scaleTargetRef: spec.scaleTargetRef,
        ...(metrics.length > 0 && { metrics }),
        ...(behavior && { behavior }),
      },
    }),
    ...(status && {
      status: {
        currentReplicas: status.currentReplicas,
        desiredReplicas: status.desiredReplicas,
        ...(status.lastScaleTime !== undefined && { lastScaleTime: status.lastScaleTime }),
        ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
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
  const { spec, status, metadata, ...rest } = hpa;
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    ...(metadata && { metadata: withAnnotations(metadata, spec ? carried(spec) : {}) }),
    ...(spec && { spec: specOf(spec) }),
    ...(status && { status: statusOf(status) }),
  };
}

const firstCpu = (metrics: readonly V2MetricSpec[] | undefined): V2MetricSpec | undefined =>
  metrics?.find(
    ({ type, resource }) =>
      type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined,
  );

/** What v1 has no field for. */
function carried({ metrics = [], behavior }: V2HorizontalPodAutoscalerSpec): Record<string, string> {
  const cpu = firstCpu(metrics);
  const others = metrics.filter((metric) => metric !== cpu);
  return {
    ...(others.length > 0 && { [metricsAnnotation]: metricsToText(others) }),
    ...(behavior && { [behaviorAnnotation]: JSON.stringify(behavior) }),
  };
}

function specOf(spec: V2HorizontalPodAutoscalerSpec) {
  const cpu = firstCpu(spec.metrics)?.resource?.target.averageUtilization;
  return {
    maxReplicas: spec.maxReplicas,
    ...(spec.minReplicas !== undefined && { minReplicas: spec.minReplicas }),
    scaleTargetRef: spec.scaleTargetRef,
    ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpu }),
  };
}

function statusOf(status: V2HorizontalPodAutoscalerStatus) {
  const cpu = status.currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource?.current;
  return {
    currentReplicas: status.currentReplicas ?? 0,
    desiredReplicas: status.desiredReplicas,
    ...(status.lastScaleTime !== undefined && { lastScaleTime: status.lastScaleTime }),
    ...(status.observedGeneration !== undefined && { observedGeneration: status.observedGeneration }),
    ...(cpu?.averageUtilization !== undefined && { currentCPUUtilizationPercentage: cpu.averageUtilization }),
  };
}

/** The metadata with our annotations replaced by `carry`; none at all rather than an empty map. */
function withAnnotations(metadata: V1ObjectMeta, carry: Readonly<Record<string, string>>): V1ObjectMeta {
  const { annotations, ...rest } = metadata;
  const { [metricsAnnotation]: _metrics, [behaviorAnnotation]: _behavior, ...own } = annotations ?? {};
  const all = { ...own, ...carry };
  return Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest;
}

const cpuMetric = (percent: number): V2MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
});
