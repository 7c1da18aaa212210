import type { V1PodSpec, V1ResourceRequirements } from './generated/types.ts';
import { compareQuantities, parseQuantity } from './quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const computed = ['cpu', 'memory'] as const;

/**
 * How a pod is treated when its node runs short: Guaranteed when every container has limits for CPU and memory and
 * requests as high, BestEffort when none has either, Burstable otherwise. Resources of the whole pod come first.
 */
export function qosClassOf(spec: V1PodSpec): QosClass {
  const whole = spec.resources && hasAny(spec.resources) ? [spec.resources] : undefined;
  const all = whole ?? [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((one) => one.resources ?? {});
  if (!all.some(hasAny)) return 'BestEffort';
  return all.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

const positive = (text: string | undefined): boolean =>
  text !== undefined && compareQuantities(parseQuantity(text), parseQuantity('0')) > 0;

const hasAny = (resources: V1ResourceRequirements): boolean =>
  computed.some((name) => positive(resources.limits?.[name]) || positive(resources.requests?.[name]));

const isGuaranteed = ({ limits, requests }: V1ResourceRequirements): boolean =>
  computed.every((name) => {
    const limit = limits?.[name];
    if (limit === undefined || !positive(limit)) return false;
    return compareQuantities(parseQuantity(requests?.[name] ?? limit), parseQuantity(limit)) === 0;
  });
