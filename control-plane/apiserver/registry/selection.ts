import type { KubeObject, Stored } from '#api/meta.ts';
import { type FieldSelector, matchesFields, parseFieldSelector } from '#api/selectors/fields.ts';
import { matchesLabels, parseLabelSelector } from '#api/selectors/labels.ts';
import { badRequest } from '#api/status-error.ts';
import type { Selection } from '../cache/selection.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { ListQuery } from './registry.ts';

/** Turns the query's selectors into a predicate. 400 when they cannot be read or name a field that cannot be selected. */
export function selectionOf<T extends KubeObject>(definition: ResourceDefinition<T>, query: ListQuery): Selection<T> {
  const namespace = definition.type.namespaced ? query.namespace || undefined : undefined;
  const labels = query.labelSelector ? parseLabelSelector(query.labelSelector) : undefined;
  const fields = query.fieldSelector ? parseFieldSelector(query.fieldSelector) : undefined;
  if (!labels && !fields) return { namespace };
  const getters = new Map(Object.entries(definition.strategy.selectableFields ?? {}));
  const read = (object: Stored<T>, field: string): string | undefined => {
    if (field === 'metadata.name') return object.metadata.name;
    if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
    return getters.get(field)?.(object) ?? '';
  };
  for (const { field } of fields?.requirements ?? []) {
    const known = field === 'metadata.name' || field === 'metadata.namespace' || getters.has(field);
    if (!known) throw badRequest(`field label not supported: ${field}`);
  }
  const exact = fields && exactValues(fields);
  return {
    namespace: namespace ?? (definition.type.namespaced ? exact?.['metadata.namespace'] || undefined : undefined),
    exact,
    matches: (object) =>
      (!labels || matchesLabels(labels, object.metadata.labels)) &&
      (!fields || matchesFields(fields, (field) => read(object, field))),
  };
}

/** The values that `=` demands. */
function exactValues(fields: FieldSelector): Record<string, string> {
  const demanded = fields.requirements.filter(({ operator }) => operator === '=');
  return Object.fromEntries(demanded.map(({ field, value }) => [field, value]));
}
