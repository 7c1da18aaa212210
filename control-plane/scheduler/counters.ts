import { formatLabelSelector, type LabelSelector, matchesLabels } from '#api/selectors/labels.ts';
import type { PodInfo } from './types.ts';

/**
 * Counts of placed pods that match a selector, per node. A count is made when it is first asked for and kept current
 * from then on, so that the thousandth pod of a deployment costs no more than the first.
 */
export interface PodCounters {
  count(namespace: string, selector: LabelSelector, withTerminating: boolean): ReadonlyMap<string, number>;
  add(pod: PodInfo, nodeName: string): void;
  remove(pod: PodInfo, nodeName: string): void;
}

interface Counter {
  readonly selector: LabelSelector;
  readonly withTerminating: boolean;
  readonly nodes: Map<string, number>;
}

/** Per namespace; the oldest is forgotten (and made anew when it is asked for again). */
const countersMax = 64;

export function createPodCounters(
  placed: (namespace: string) => Iterable<{ readonly pod: PodInfo; readonly nodeName: string }>,
): PodCounters {
  const namespaces = new Map<string, Map<string, Counter>>();

  const change = (counter: Counter, pod: PodInfo, nodeName: string, by: 1 | -1): void => {
    if (!counter.withTerminating && pod.terminating) return;
    if (!matchesLabels(counter.selector, pod.labels)) return;
    const next = (counter.nodes.get(nodeName) ?? 0) + by;
    if (next === 0) counter.nodes.delete(nodeName);
    else counter.nodes.set(nodeName, next);
  };
  const changeAll = (pod: PodInfo, nodeName: string, by: 1 | -1): void => {
    for (const counter of namespaces.get(pod.namespace)?.values() ?? []) change(counter, pod, nodeName, by);
  };

  return {
    count(namespace, selector, withTerminating) {
      let counters = namespaces.get(namespace);
      if (!counters) {
        counters = new Map();
        namespaces.set(namespace, counters);
      }
      const id = `${withTerminating} ${formatLabelSelector(selector)}`;
      const known = counters.get(id);
      if (known) return known.nodes;
      const counter: Counter = { selector, withTerminating, nodes: new Map() };
      for (const { pod, nodeName } of placed(namespace)) change(counter, pod, nodeName, 1);
      const oldest = counters.size >= countersMax ? counters.keys().next().value : undefined;
      if (oldest !== undefined) counters.delete(oldest);
      counters.set(id, counter);
      return counter.nodes;
    },
    add: (pod, nodeName) => changeAll(pod, nodeName, 1),
    remove: (pod, nodeName) => changeAll(pod, nodeName, -1),
  };
}
