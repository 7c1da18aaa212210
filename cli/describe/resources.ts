import type { V1Container, V1Node, V1Pod } from '#api/generated/types.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMilli,
} from '#api/quantity.ts';

/** Those that are shared out on this node. */
export const nodeResources = ({ status }: V1Node): string[] => [
  'cpu',
  'memory',
  'ephemeral-storage',
  ...Object.keys(status?.allocatable ?? {})
    .filter((name) => name.startsWith('hugepages-'))
    .sort(),
];

export type Amounts = 'requests' | 'limits';

const zero = parseQuantity('0');

/** What the pods take of one resource, and the share of the node that it is: `250m (12%)`. */
export function totalOf(pods: readonly V1Pod[], { status }: V1Node, amounts: Amounts, name: string): string {
  const total = pods.map((pod) => podAmount(pod, amounts, name)).reduce(addQuantities, zero);
  const allocatable = status?.allocatable?.[name];
  const whole = allocatable === undefined ? 0n : BigInt(quantityMilli(parseQuantity(allocatable)));
  const percent = whole > 0n ? (BigInt(quantityMilli(total)) * 100n) / whole : 0n;
  return `${formatQuantity(total)} (${percent}%)`;
}

/** Containers run together; of those that run before them, one at a time, the largest counts. */
function podAmount({ spec }: V1Pod, amounts: Amounts, name: string): Quantity {
  const of = (container: V1Container): Quantity => parseQuantity(container.resources?.[amounts]?.[name] ?? '0');
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const steps = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always');
  const running = [...(spec?.containers ?? []), ...sidecars].map(of).reduce(addQuantities, zero);
  const start = steps.map(of).reduce((a, b) => (compareQuantities(a, b) > 0 ? a : b), zero);
  const larger = compareQuantities(start, running) > 0 ? start : running;
  return addQuantities(larger, parseQuantity(spec?.overhead?.[name] ?? '0'));
}
