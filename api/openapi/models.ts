/** Which models a list of resources speaks of, and which kinds each of them stands for. */
import { schemaOf } from '../schema/schemas.ts';
import type { GroupVersionKind, OpenApiResource } from './resource.ts';

/** Models with their kinds, as x-kubernetes-group-version-kind says them. */
export function kindsByModel(resources: readonly OpenApiResource[]): Map<string, GroupVersionKind[]> {
  const out = new Map<string, GroupVersionKind[]>();
  const add = (model: string | undefined, { group, version, kind }: GroupVersionKind): void => {
    if (model === undefined || !schemaOf(model)) return;
    const kinds = out.get(model) ?? [];
    const isNew = !kinds.some((one) => one.group === group && one.version === version && one.kind === kind);
    if (isNew) out.set(model, [...kinds, { group, version, kind }]);
  };
  for (const { type, subresources } of resources) {
    add(type.model, type);
    add(listModelOf(type), { ...type, kind: `${type.kind}List` });
    for (const { body } of subresources) if (body) add(body.model, body);
    // Every group takes the same options for DELETE, and answers with the same Status.
    add('V1DeleteOptions', { group: type.group, version: type.version, kind: 'DeleteOptions' });
  }
  add('V1Status', { group: '', version: 'v1', kind: 'Status' });
  return out;
}

/** Lists are named after the model, or where that stands in two groups and the list in one, after the kind. */
function listModelOf({ model, version, kind }: OpenApiResource['type']): string | undefined {
  if (model === undefined) return undefined;
  return [`${model}List`, `${version.toUpperCase()}${kind}List`].find((name) => schemaOf(name) !== undefined);
}
