import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { parseQuantity, quantityMilli } from '#api/quantity.ts';
import type { Check } from '../world/history.ts';
import { hasEnded, isNode, isPod, nameOf } from '../world/views.ts';

/** A pod that has a node keeps it: nobody binds it a second time. */
export const oneBinding = (): Check => ({
  name: 'one binding',
  onChange({ object, previous }) {
    if (!isPod(object) || !isPod(previous) || object.metadata?.uid !== previous.metadata?.uid) return undefined;
    const [now, before] = [object.spec?.nodeName, previous.spec?.nodeName];
    return before !== undefined && now !== before ? `pod ${nameOf(object)} moved from ${before} to ${now}` : undefined;
  },
});

type Amounts = Readonly<Record<'cpu' | 'memory' | 'pods', bigint>>;

/** What the pods on a node ask for is never more than it has. */
export function withinCapacity(): Check {
  const used = new Map<string, Map<string, Amounts>>();
  const allocatable = new Map<string, Amounts>();

  const place = (key: string, pod: V1Pod): string | undefined => {
    const node = pod.spec?.nodeName;
    if (node === undefined) return undefined;
    const onNode = used.get(node) ?? new Map<string, Amounts>();
    used.set(node, onNode);
    const isNew = !onNode.has(key);
    if (hasEnded(pod)) onNode.delete(key);
    else onNode.set(key, requests(pod));
    const limit = allocatable.get(node);
    return limit && isNew ? excess(node, [...onNode.values()], limit) : undefined;
  };

  return {
    name: 'within capacity',
    onChange({ key, object, previous }) {
      if (isNode(object)) {
        const amounts = allocatableOf(object);
        if (amounts) allocatable.set(nameOf(object), amounts);
      }
      if (isPod(object)) return place(key, object);
      if (isPod(previous) && !object) used.get(previous.spec?.nodeName ?? '')?.delete(key);
      return undefined;
    },
  };
}

function excess(node: string, pods: readonly Amounts[], limit: Amounts): string | undefined {
  for (const what of ['cpu', 'memory', 'pods'] as const) {
    const sum = pods.reduce((total, amounts) => total + amounts[what], 0n);
    if (sum > limit[what]) return `${node} has ${limit[what]} of ${what} (in thousandths), its pods ask for ${sum}`;
  }
  return undefined;
}

const milli = (text: string | undefined): bigint => BigInt(quantityMilli(parseQuantity(text ?? '0')));

function requests(pod: V1Pod): Amounts {
  const sum = (what: string): bigint =>
    (pod.spec?.containers ?? []).reduce((total, { resources }) => total + milli(resources?.requests?.[what]), 0n);
  return { cpu: sum('cpu'), memory: sum('memory'), pods: 1000n };
}

function allocatableOf(node: V1Node): Amounts | undefined {
  const of = node.status?.allocatable;
  return of && { cpu: milli(of.cpu), memory: milli(of.memory), pods: milli(of.pods) };
}
