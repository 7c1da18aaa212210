import { defaultTemplate } from '#api/defaults/workloads.ts';
import type { V1ControllerRevision, V1PodTemplateSpec } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { canonicalJson } from '../shared/canonical.ts';

export type Revision = Stored<V1ControllerRevision>;

/** What a revision holds: a strategic merge patch that gives its owner this template back. `kubectl rollout undo` sends it as it is. */
export interface RevisionData {
  readonly spec: { readonly template: V1PodTemplateSpec & { readonly $patch: 'replace' } };
}

export const revisionData = (template: V1PodTemplateSpec): RevisionData => ({
  spec: { template: { ...template, $patch: 'replace' } },
});

/** The template that a revision holds; undefined when its data is not ours to read. */
export function templateOf(revision: V1ControllerRevision): V1PodTemplateSpec | undefined {
  if (!isRevisionData(revision.data)) return undefined;
  const { $patch: _, ...template } = revision.data.spec.template;
  return template;
}

/** Oldest first; of equal numbers the one that was made first. */
export const byRevision = (a: Revision, b: Revision): number =>
  a.revision - b.revision ||
  compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
  compareText(a.metadata.name, b.metadata.name);

/**
 * Whether a revision means this template. Defaults are filled in on both sides: a revision that was stored before a field had
 * one must not start a rollout.
 */
export const holdsTemplate = (revision: V1ControllerRevision, template: V1PodTemplateSpec): boolean => {
  const held = templateOf(revision);
  return held !== undefined && textOf(revision, held) === textOf(template, template);
};

/** Frozen objects of the cache are written out once. */
const texts = new WeakMap<object, string>();

function textOf(holder: object, template: V1PodTemplateSpec): string {
  const known = Object.isFrozen(holder) ? texts.get(holder) : undefined;
  if (known !== undefined) return known;
  const filled = structuredClone(template);
  defaultTemplate(filled);
  const { creationTimestamp: _, ...metadata } = filled.metadata ?? {};
  const text = canonicalJson(withoutEmpty({ ...filled, metadata }));
  if (Object.isFrozen(holder)) texts.set(holder, text);
  return text;
}

/** Null, `{}` and an absent field say the same. Inside lists everything counts. */
function withoutEmpty(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item) ?? {});
  if (typeof value !== 'object') return value;
  const fields = Object.entries(value).flatMap(([name, field]) => {
    // Which source a volume has is said by a key alone: `emptyDir: {}`.
    const kept = isEmptyObject(field) && meaningfulWhenEmpty.has(name) ? {} : withoutEmpty(field);
    return kept === undefined ? [] : [[name, kept]];
  });
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

const meaningfulWhenEmpty = new Set(['emptyDir', 'labelSelector', 'namespaceSelector', 'downwardAPI']);

const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

function isRevisionData(data: unknown): data is RevisionData {
  if (typeof data !== 'object' || data === null || !('spec' in data)) return false;
  const { spec } = data;
  if (typeof spec !== 'object' || spec === null || !('template' in spec)) return false;
  const { template } = spec;
  return typeof template === 'object' && template !== null && !Array.isArray(template);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
