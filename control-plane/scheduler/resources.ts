import type { V1Container, V1PodSpec } from '#api/generated/types.ts';
import { parseQuantity, quantityMilli, quantityValue } from '#api/quantity.ts';
import type { Resources } from './types.ts';

type Amounts = Readonly<Record<string, string>> | undefined;

export interface MutableResources extends Resources {
  cpu: number;
  memory: number;
  ephemeralStorage: number;
  extended: Map<string, number>;
}

export const noResources = (): MutableResources => ({ cpu: 0, memory: 0, ephemeralStorage: 0, extended: new Map() });

/** What a container without a request is taken for in scores, so that such pods spread as well. */
const guessedCpu = 100;
const guessedMemory = 200 * 2 ** 20;

/** Reads a map such as a container's requests or a node's allocatable. `pods` is not a resource that pods ask for. */
export function readResources(amounts: Amounts): MutableResources {
  const result = noResources();
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const quantity = parseQuantity(text);
    if (name === 'cpu') result.cpu = quantityMilli(quantity);
    else if (name === 'memory') result.memory = quantityValue(quantity);
    else if (name === 'ephemeral-storage') result.ephemeralStorage = quantityValue(quantity);
    else if (name !== 'pods') result.extended.set(name, quantityValue(quantity));
  }
  return result;
}

export function addResources(sum: MutableResources, other: Resources, sign: 1 | -1 = 1): void {
  sum.cpu += sign * other.cpu;
  sum.memory += sign * other.memory;
  sum.ephemeralStorage += sign * other.ephemeralStorage;
  for (const [name, amount] of other.extended) {
    const next = (sum.extended.get(name) ?? 0) + sign * amount;
    if (next === 0) sum.extended.delete(name);
    else sum.extended.set(name, next);
  }
}

function raiseTo(most: MutableResources, other: Resources): void {
  most.cpu = Math.max(most.cpu, other.cpu);
  most.memory = Math.max(most.memory, other.memory);
  most.ephemeralStorage = Math.max(most.ephemeralStorage, other.ephemeralStorage);
  for (const [name, amount] of other.extended) {
    most.extended.set(name, Math.max(most.extended.get(name) ?? 0, amount));
  }
}

const requestsOf = (container: V1Container): MutableResources => readResources(container.resources?.requests);

function guessedRequestsOf(container: V1Container): MutableResources {
  const requests = requestsOf(container);
  if (container.resources?.requests?.cpu === undefined) requests.cpu = guessedCpu;
  if (container.resources?.requests?.memory === undefined) requests.memory = guessedMemory;
  return requests;
}

/**
 * The most a pod needs at any time of its life: its containers and sidecars together, or one of its init containers
 * with the sidecars that start before it, whichever is more; then amounts of the pod as a whole, and its overhead.
 */
export function podRequests(spec: V1PodSpec): Resources {
  return requestsWith(spec, requestsOf);
}

/** As podRequests, for scores. */
export function podScoreRequests(spec: V1PodSpec): { cpu: number; memory: number } {
  const { cpu, memory } = requestsWith(spec, guessedRequestsOf);
  return { cpu, memory };
}

function requestsWith(spec: V1PodSpec, of: (container: V1Container) => MutableResources): Resources {
  const total = noResources();
  for (const container of spec.containers) addResources(total, of(container));
  const sidecars = noResources();
  const most = noResources();
  for (const container of spec.initContainers ?? []) {
    const needs = of(container);
    if (container.restartPolicy === 'Always') {
      addResources(total, needs);
      addResources(sidecars, needs);
      raiseTo(most, sidecars);
    } else {
      addResources(needs, sidecars);
      raiseTo(most, needs);
    }
  }
  raiseTo(total, most);
  const whole = readResources(spec.resources?.requests);
  if (whole.cpu > 0) total.cpu = whole.cpu;
  if (whole.memory > 0) total.memory = whole.memory;
  for (const [name, amount] of whole.extended) total.extended.set(name, amount);
  addResources(total, readResources(spec.overhead));
  return total;
}
