/** What `apply` sends: the patch that brings the live object to the manifest and removes what the last one had. */
import { getOwn, isJsonObject, type JsonObject, jsonEqual, setOwn } from '../schema/record.ts';
import { schemaOf } from '../schema/schemas.ts';
import { deletePrefix, orderPrefix, patchDirective, retainDirective } from './directives.ts';
import { type FieldKind, fieldKind, type Scope } from './field-kind.ts';
import { identityBy, includesValue } from './order.ts';

/**
 * `original`: the manifest applied last (empty when there was none), `modified`: the manifest, `current`: the live object.
 * A strategic merge patch for kinds with a model, a JSON merge patch for the others; empty when nothing is to be done.
 */
export function createThreeWayPatch(
  original: JsonObject,
  modified: JsonObject,
  current: JsonObject,
  model: string | undefined,
): JsonObject {
  const known = model !== undefined && schemaOf(model) !== undefined;
  return diffMaps(original, modified, current, known ? { kind: 'model', model } : undefined);
}

function diffMaps(original: JsonObject, modified: JsonObject, current: JsonObject, scope: Scope): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(modified)) {
    diffField(patch, key, getOwn(original, key), getOwn(modified, key), getOwn(current, key), fieldKind(scope, key));
  }
  for (const key of Object.keys(original)) {
    const dropped = !Object.hasOwn(modified, key) && Object.hasOwn(current, key);
    if (dropped) setOwn(patch, key, null);
  }
  return patch;
}

function diffField(
  patch: JsonObject,
  key: string,
  original: unknown,
  modified: unknown,
  current: unknown,
  kind: FieldKind,
): void {
  if (modified === null && current === undefined) return;
  if (isJsonObject(modified) && isJsonObject(current) && !kind.replace) {
    const inner = diffMaps(isJsonObject(original) ? original : {}, modified, current, kind.inner);
    if (kind.retainKeys && Object.keys(inner).length > 0) inner[retainDirective] = Object.keys(modified).sort();
    if (Object.keys(inner).length > 0) setOwn(patch, key, inner);
  } else if (Array.isArray(modified) && Array.isArray(current) && kind.merge) {
    diffLists(patch, key, Array.isArray(original) ? original : [], modified, current, kind);
  } else if (!jsonEqual(modified, current)) {
    setOwn(patch, key, modified);
  }
}

function diffLists(
  patch: JsonObject,
  key: string,
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
  kind: FieldKind,
): void {
  const identity = identityBy(kind.mergeKey);
  const entries = kind.mergeKey
    ? diffEntries(original, modified, current, kind)
    : modified.filter((one) => !includesValue(current, one));
  const dropped = kind.mergeKey
    ? []
    : original.filter((one) => !includesValue(modified, one) && includesValue(current, one));
  const wanted = modified.map(identity);
  const there = current.map(identity).filter((id) => includesValue(wanted, id));
  const moved = entries.length === 0 && !jsonEqual(there, wanted);
  if (entries.length === 0 && dropped.length === 0 && !moved) return;
  if (dropped.length > 0) setOwn(patch, `${deletePrefix}${key}`, dropped);
  const order = kind.mergeKey ? wanted.map((id) => ({ [kind.mergeKey]: id })) : wanted;
  setOwn(patch, `${orderPrefix}${key}`, order);
  if (entries.length > 0) setOwn(patch, key, entries);
}

function diffEntries(
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
  kind: FieldKind,
): unknown[] {
  const identity = identityBy(kind.mergeKey);
  const find = (list: readonly unknown[], id: unknown): JsonObject | undefined =>
    list.filter(isJsonObject).find((entry) => jsonEqual(identity(entry), id));
  const changes = modified.flatMap((entry) => {
    if (!isJsonObject(entry)) return [entry];
    const id = identity(entry);
    const live = find(current, id);
    if (!live) return [entry];
    const inner = diffMaps(find(original, id) ?? {}, entry, live, kind.inner);
    if (Object.keys(inner).length === 0) return [];
    if (kind.retainKeys) inner[retainDirective] = Object.keys(entry).sort();
    return [{ ...inner, [kind.mergeKey]: id }];
  });
  const deletions = original
    .map(identity)
    .filter((id) => !find(modified, id) && find(current, id))
    .map((id) => ({ [patchDirective]: 'delete', [kind.mergeKey]: id }));
  return [...changes, ...deletions];
}
