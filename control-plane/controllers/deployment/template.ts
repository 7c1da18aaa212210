import type { V1PodTemplateSpec } from '#api/generated/types.ts';
import { suffixAlphabet } from '#base/suffix.ts';
import { canonicalJson } from '../shared/canonical.ts';
import { fnv1a } from '../shared/hash.ts';

export const hashLabel = 'pod-template-hash';

/**
 * A short, stable name for a template. It depends on the content only, not on the order of keys. `collisionCount` gives the
 * next name when an unrelated ReplicaSet has taken this one.
 */
export function podTemplateHash(template: V1PodTemplateSpec, collisionCount: number | undefined): string {
  const hash = fnv1a(`${templateText(template)}#${collisionCount ?? ''}`);
  return [...String(hash)].map((digit) => suffixAlphabet[Number(digit)]).join('');
}

/** Equal but for the hash label that a ReplicaSet's copy carries. */
export const sameTemplate = (a: V1PodTemplateSpec, b: V1PodTemplateSpec): boolean =>
  templateText(a) === templateText(b);

/** Templates are frozen objects of the cache: each is written out once. */
const texts = new WeakMap<V1PodTemplateSpec, string>();

function templateText(template: V1PodTemplateSpec): string {
  const known = Object.isFrozen(template) ? texts.get(template) : undefined;
  if (known !== undefined) return known;
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  const { creationTimestamp: _time, ...metadata } = template.metadata ?? {};
  const text = canonicalJson({
    ...template,
    metadata: { ...metadata, labels: Object.keys(labels).length > 0 ? labels : undefined },
  });
  if (Object.isFrozen(template)) texts.set(template, text);
  return text;
}
