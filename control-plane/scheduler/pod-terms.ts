import type { V1Pod, V1PodAffinityTerm } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import {
  formatLabelSelector,
  fromLabelSelectorObject,
  type LabelRequirement,
  type LabelSelector,
  type Labels,
  matchesLabels,
} from '#api/selectors/labels.ts';
import type { PodTerm, SpreadConstraint } from './types.ts';

export const termsOf = (pod: Stored<V1Pod>): PodTerm[] =>
  (pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
    compileTerm(pod, term, 0),
  );

export const antiTermsOf = (pod: Stored<V1Pod>): PodTerm[] =>
  (pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
    compileTerm(pod, term, 0),
  );

export function preferredTermsOf(pod: Stored<V1Pod>): PodTerm[] {
  const near = pod.spec?.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const far = pod.spec?.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...near.map(({ podAffinityTerm, weight }) => compileTerm(pod, podAffinityTerm, weight)),
    ...far.map(({ podAffinityTerm, weight }) => compileTerm(pod, podAffinityTerm, -weight)),
  ];
}

function compileTerm(pod: Stored<V1Pod>, term: V1PodAffinityTerm, weight: number): PodTerm {
  const selector = withLabelKeys(
    fromLabelSelectorObject(term.labelSelector),
    pod.metadata.labels ?? {},
    term.matchLabelKeys,
    term.mismatchLabelKeys,
  );
  const namespaceSelector = term.namespaceSelector && fromLabelSelectorObject(term.namespaceSelector);
  const listed = term.namespaces ?? [];
  const namespaces = listed.length === 0 && !namespaceSelector ? [pod.metadata.namespace ?? ''] : [...listed].sort();
  const id = JSON.stringify([
    formatLabelSelector(selector),
    namespaces,
    namespaceSelector ? formatLabelSelector(namespaceSelector) : null,
    term.topologyKey,
    weight,
  ]);
  return { id, selector, namespaces, namespaceSelector, topologyKey: term.topologyKey, weight };
}

/** Adds the pod's own values of the named labels; keys that the pod does not have are ignored. */
function withLabelKeys(
  selector: LabelSelector,
  labels: Labels,
  match: readonly string[] = [],
  mismatch: readonly string[] = [],
): LabelSelector {
  const of = (keys: readonly string[], operator: 'in' | 'notin'): LabelRequirement[] =>
    keys.flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return { ...selector, requirements: [...selector.requirements, ...of(match, 'in'), ...of(mismatch, 'notin')] };
}

export function spreadOf(pod: Stored<V1Pod>): SpreadConstraint[] {
  return (pod.spec?.topologySpreadConstraints ?? []).map((constraint) => {
    const selector = withLabelKeys(
      fromLabelSelectorObject(constraint.labelSelector),
      pod.metadata.labels ?? {},
      constraint.matchLabelKeys,
    );
    return {
      selector,
      selectorText: formatLabelSelector(selector),
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      minDomains: constraint.minDomains ?? 1,
      hard: constraint.whenUnsatisfiable === 'DoNotSchedule',
      honorAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
      honorTaints: constraint.nodeTaintsPolicy === 'Honor',
    };
  });
}

/** Is a pod with these labels, in this namespace, one that the term speaks of? */
export function termMatches(
  term: PodTerm,
  namespace: string,
  labels: Labels,
  namespaces: ReadonlyMap<string, Labels>,
): boolean {
  const inNamespace =
    term.namespaces.includes(namespace) ||
    (term.namespaceSelector !== undefined && matchesLabels(term.namespaceSelector, namespaces.get(namespace)));
  return inNamespace && matchesLabels(term.selector, labels);
}

/** The namespaces that the term speaks of. */
export function termNamespaces(term: PodTerm, namespaces: ReadonlyMap<string, Labels>): readonly string[] {
  const selector = term.namespaceSelector;
  if (!selector) return term.namespaces;
  const selected = [...namespaces].filter(([, labels]) => matchesLabels(selector, labels)).map(([name]) => name);
  return [...new Set([...term.namespaces, ...selected])];
}
