import type { V1Container, V1Pod, V1ResourceRequirements } from '#api/generated/types.ts';
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  quantityMilli,
  quantityOf,
  quantityValue,
} from '#api/quantity.ts';
import { specOf } from './pod-model.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Amounts by resource name. */
export type Amounts = ReadonlyMap<string, Quantity>;

export interface PodResources {
  readonly requests: Amounts;
  /** Holds a resource only where every container has a limit of it: a sum over some of them would bind the others. */
  readonly limits: Amounts;
}

const qosResources = ['cpu', 'memory'];

export function qosClassOf(pod: V1Pod): QosClass {
  const spec = specOf(pod);
  const own = spec.resources;
  const all =
    own?.limits || own?.requests ? [{ resources: own }] : [...(spec.initContainers ?? []), ...spec.containers];
  let any = false;
  let guaranteed = true;
  for (const { resources } of all) {
    const requests = amountsOf(resources?.requests);
    const limits = amountsOf(resources?.limits);
    for (const name of qosResources) {
      const limit = limits.get(name);
      const request = requests.get(name) ?? limit;
      if (isPositive(request) || isPositive(limit)) any = true;
      if (!limit || !request || !isPositive(limit) || compareQuantities(limit, request) !== 0) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** What the pod as a whole asks for: its long-running containers together, or its largest init container if that is more. */
export function podResourcesOf(pod: V1Pod): PodResources {
  const spec = specOf(pod);
  const requests = effective(pod, (resources) => amountsOf(resources?.requests ?? resources?.limits));
  const limits = effective(pod, (resources) => amountsOf(resources?.limits));
  const everyone = [...(spec.initContainers ?? []), ...spec.containers];
  for (const name of [...limits.keys()])
    if (!everyone.every((container) => isPositive(amountsOf(container.resources?.limits).get(name))))
      limits.delete(name);
  for (const [name, amount] of amountsOf(spec.resources?.requests)) requests.set(name, amount);
  for (const [name, amount] of amountsOf(spec.resources?.limits)) limits.set(name, amount);
  for (const [name, amount] of amountsOf(spec.overhead)) {
    requests.set(name, plus(requests.get(name), amount));
    const limit = limits.get(name);
    if (limit) limits.set(name, plus(limit, amount));
  }
  return { requests, limits };
}

function effective(pod: V1Pod, of: (resources: V1ResourceRequirements | undefined) => Amounts): Map<string, Quantity> {
  const spec = specOf(pod);
  const lasting = new Map<string, Quantity>();
  const peak = new Map<string, Quantity>();
  for (const container of spec.containers) addInto(lasting, of(container.resources));
  const sidecars = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = of(container.resources);
    if (container.restartPolicy === 'Always') addInto(sidecars, own);
    const stage = new Map(sidecars);
    if (container.restartPolicy !== 'Always') addInto(stage, own);
    for (const [name, amount] of stage) peak.set(name, larger(peak.get(name), amount));
  }
  addInto(lasting, sidecars);
  for (const [name, amount] of peak) lasting.set(name, larger(lasting.get(name), amount));
  return lasting;
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function addInto(target: Map<string, Quantity>, amounts: Amounts): void {
  for (const [name, amount] of amounts) target.set(name, plus(target.get(name), amount));
}

const plus = (a: Quantity | undefined, b: Quantity): Quantity => (a ? addQuantities(a, b) : b);
const larger = (a: Quantity | undefined, b: Quantity): Quantity => (a && compareQuantities(a, b) > 0 ? a : b);
const zero = quantityOf(0);
const isPositive = (amount: Quantity | undefined): amount is Quantity =>
  amount !== undefined && compareQuantities(amount, zero) > 0;

export const cpuPeriodUs = 100_000;
const sharesMin = 2;
const sharesMax = 262_144;
const quotaMinUs = 1_000;

/** cgroup v1 shares for thousandths of a core; the smallest the kernel takes when nothing is asked for. */
export function cpuShares(milli: number): number {
  return Math.min(Math.max(Math.floor((milli * 1024) / 1000), sharesMin), sharesMax);
}

/** Microseconds per period; 0 is no limit. */
export function cpuQuotaUs(limitMilli: number): number {
  return limitMilli <= 0 ? 0 : Math.max(Math.floor((limitMilli * cpuPeriodUs) / 1000), quotaMinUs);
}

export const milliOf = (amounts: Amounts, name: string): number => {
  const amount = amounts.get(name);
  return amount ? quantityMilli(amount) : 0;
};

export const unitsOf = (amounts: Amounts, name: string): number => {
  const amount = amounts.get(name);
  return amount ? quantityValue(amount) : 0;
};

/** How readily the kernel kills the container when the machine runs out of memory: the less it asked for, the sooner. */
export function oomScoreAdj(qos: QosClass, container: V1Container, memoryCapacityBytes: number): number {
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const requests = amountsOf(container.resources?.requests ?? container.resources?.limits);
  const share = 1000 - Math.floor((1000 * unitsOf(requests, 'memory')) / Math.max(memoryCapacityBytes, 1));
  return Math.min(Math.max(share, 3), 999);
}
