import type { Change } from './history.ts';
import { isNode, isTrue, nameOf } from './views.ts';

/** Which machines were ever ready, and when one of them stops being so: then no controller can promise anything. */
export interface ReadyMachines {
  /** By name, those that were lost since too. */
  readonly names: ReadonlySet<string>;
  /** Takes note of the change; whether a machine that was ready is no more. */
  isLost(change: Change): boolean;
}

export function readyMachines(): ReadyMachines {
  const names = new Set<string>();
  return {
    names,
    isLost({ object, previous }) {
      const node = object ?? previous;
      if (!isNode(node)) return false;
      const isReady = object !== undefined && isTrue(node, 'Ready');
      if (isReady) names.add(nameOf(node));
      return !isReady && names.has(nameOf(node));
    },
  };
}
