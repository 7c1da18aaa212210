import type {
  V1LabelSelector,
  V2CrossVersionObjectReference,
  V2HPAScalingRules,
  V2MetricSpec,
  V2MetricTarget,
} from '../generated/types.ts';
import { isJsonObject } from '../schema/record.ts';

/**
 * The metrics of autoscaling/v2 in the form that autoscaling/v1 keeps them in an annotation, and back. What users wrote into
 * the annotation themselves is not trusted: what is not understood is left out.
 */

export const metricsToText = (metrics: readonly V2MetricSpec[]): string => JSON.stringify(metrics.map(toOldForm));

function toOldForm(spec: V2MetricSpec): object {
  const { type, resource, containerResource, pods, object, external } = spec;
  if (resource) return { type, resource: { name: resource.name, ...averages(resource.target) } };
  if (containerResource) {
    const { name, container, target } = containerResource;
    return { type, containerResource: { name, container, ...averages(target) } };
  }
  if (pods) {
    const { metric, target } = pods;
    return {
      type,
      pods: { metricName: metric.name, selector: metric.selector, targetAverageValue: target.averageValue },
    };
  }
  if (object) {
    const { metric, target, describedObject } = object;
    const values = { targetValue: target.value ?? '0', averageValue: target.averageValue };
    return { type, object: { target: describedObject, metricName: metric.name, selector: metric.selector, ...values } };
  }
  if (external) {
    const { metric, target } = external;
    const values = { targetValue: target.value, targetAverageValue: target.averageValue };
    return { type, external: { metricName: metric.name, metricSelector: metric.selector, ...values } };
  }
  return { type };
}

const averages = (target: V2MetricTarget) => ({
  targetAverageUtilization: target.averageUtilization,
  targetAverageValue: target.averageValue,
});

/** Undefined when the text is no list of metrics. */
export function metricsFromText(text: string): V2MetricSpec[] | undefined {
  const list = parse(text);
  return Array.isArray(list) ? list.flatMap((item) => fromOldForm(record(item)) ?? []) : undefined;
}

function fromOldForm(spec: Fields): V2MetricSpec | undefined {
  const type = text(spec.type);
  switch (type) {
    case 'Resource': {
      const { name, ...rest } = record(spec.resource);
      return { type, resource: { name: text(name), target: averageTarget(rest) } };
    }
    case 'ContainerResource': {
      const { name, container, ...rest } = record(spec.containerResource);
      return { type, containerResource: { name: text(name), container: text(container), target: averageTarget(rest) } };
    }
    case 'Pods': {
      const { metricName, selector, ...rest } = record(spec.pods);
      return { type, pods: { metric: metricOf(metricName, selector), target: averageTarget(rest) } };
    }
    case 'Object': {
      const { metricName, selector, target, targetValue, averageValue } = record(spec.object);
      const values = optionalText(averageValue)
        ? { type: 'AverageValue', averageValue: text(averageValue) }
        : { type: 'Value', value: text(targetValue) };
      return {
        type,
        object: { metric: metricOf(metricName, selector), describedObject: reference(target), target: values },
      };
    }
    case 'External': {
      const { metricName, metricSelector, targetValue, ...rest } = record(spec.external);
      const target = optionalText(targetValue) ? { type: 'Value', value: text(targetValue) } : averageTarget(rest);
      return { type, external: { metric: metricOf(metricName, metricSelector), target } };
    }
    default:
      return undefined;
  }
}

function averageTarget({ targetAverageUtilization, targetAverageValue }: Fields): V2MetricTarget {
  if (typeof targetAverageUtilization === 'number') {
    return { type: 'Utilization', averageUtilization: targetAverageUtilization };
  }
  return { type: 'AverageValue', averageValue: text(targetAverageValue) };
}

const metricOf = (name: unknown, selector: unknown) => ({
  name: text(name),
  ...(isSelector(selector) && { selector }),
});

function reference(value: unknown): V2CrossVersionObjectReference {
  const { kind, name, apiVersion } = record(value);
  return { kind: text(kind), name: text(name), ...(optionalText(apiVersion) && { apiVersion: text(apiVersion) }) };
}

/** Undefined when the text is no behaviour. */
export function behaviorFromText(
  source: string,
): { scaleUp?: V2HPAScalingRules; scaleDown?: V2HPAScalingRules } | undefined {
  const { ScaleUp, scaleUp = ScaleUp, ScaleDown, scaleDown = ScaleDown } = record(parse(source));
  const up = rules(scaleUp);
  const down = rules(scaleDown);
  return up || down ? { ...(up && { scaleUp: up }), ...(down && { scaleDown: down }) } : undefined;
}

/** Kubernetes writes the fields of its internal form, with a capital; both are read. */
function rules(value: unknown): V2HPAScalingRules | undefined {
  if (!isJsonObject(value)) return undefined;
  const field = (name: string): unknown => value[name] ?? value[name.slice(0, 1).toUpperCase() + name.slice(1)];
  const window = field('stabilizationWindowSeconds');
  const select = field('selectPolicy');
  const policies = field('policies');
  return {
    ...(typeof window === 'number' && { stabilizationWindowSeconds: window }),
    ...(typeof select === 'string' && { selectPolicy: select }),
    ...(Array.isArray(policies) && { policies: policies.map(policy) }),
  };
}

function policy(item: unknown) {
  const { type, Type, value, Value, periodSeconds, PeriodSeconds } = record(item);
  return {
    type: text(type ?? Type),
    value: number(value ?? Value),
    periodSeconds: number(periodSeconds ?? PeriodSeconds),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

const record = (value: unknown): Fields => (isJsonObject(value) ? value : {});
const optionalText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

const isSelector = (value: unknown): value is V1LabelSelector =>
  isJsonObject(value) &&
  (value.matchLabels === undefined ||
    (isJsonObject(value.matchLabels) && Object.values(value.matchLabels).every((one) => typeof one === 'string'))) &&
  (value.matchExpressions === undefined ||
    (Array.isArray(value.matchExpressions) &&
      value.matchExpressions.every(
        (one) =>
          isJsonObject(one) &&
          typeof one.key === 'string' &&
          typeof one.operator === 'string' &&
          (one.values === undefined || isTexts(one.values)),
      )));
