import { defaultAutoscaler } from '#api/defaults/more.ts';
import type {
  V2HorizontalPodAutoscaler,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '#api/generated/types.ts';
import { horizontalPodAutoscalers } from '#api/kinds.ts';
import { validateAutoscaler } from '#api/validation/policy.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

const unknown = '<unknown>';
const shownMax = 2;

const targetOf = (spec: V2MetricSpec): V2MetricTarget | undefined =>
  (spec.resource ?? spec.containerResource ?? spec.pods ?? spec.object ?? spec.external)?.target;

const currentOf = (status: V2MetricStatus | undefined): V2MetricValueStatus | undefined =>
  (status?.resource ?? status?.containerResource ?? status?.pods ?? status?.object ?? status?.external)?.current;

function metricText(spec: V2MetricSpec, status: V2MetricStatus | undefined): string {
  const target = targetOf(spec);
  const current = currentOf(status);
  const prefix = spec.resource
    ? `${spec.resource.name}: `
    : spec.containerResource
      ? `${spec.containerResource.name}: `
      : '';
  if (target?.averageUtilization !== undefined) {
    const now = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
    return `${prefix}${now}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined) {
    const average = spec.object || spec.external ? ' (avg)' : '';
    return `${prefix}${current?.averageValue ?? unknown}/${target.averageValue}${average}`;
  }
  return `${prefix}${current?.value ?? unknown}/${target?.value ?? unknown}`;
}

function targets({ spec, status }: V2HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return none;
  const texts = metrics.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const more = texts.length - shownMax;
  return more > 0 ? `${texts.slice(0, shownMax).join(', ')} + ${more} more...` : texts.join(', ');
}

export const horizontalPodAutoscalerResource = defineResource<V2HorizontalPodAutoscaler>({
  type: horizontalPodAutoscalers,
  strategy: specAndStatus<V2HorizontalPodAutoscaler>(
    { default: defaultAutoscaler, validate: validateAutoscaler },
    { emptyStatus: () => ({ desiredReplicas: 0 }), generation: false },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Reference', ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`),
    column('Targets', targets),
    column('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>')),
    column('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0, { type: 'integer' }),
    column('Replicas', ({ status }) => status?.currentReplicas ?? 0, { type: 'integer' }),
    ageColumn(),
  ],
});
