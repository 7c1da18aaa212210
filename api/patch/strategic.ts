/** Strategic merge patch: a merge patch that knows which lists are maps in disguise, and obeys directives. */
import { depthMax } from '../schema/decode.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../schema/record.ts';
import { schemaOf } from '../schema/schemas.ts';
import { describeValue } from '../schema/values.ts';
import { badRequest, type StatusError, unsupportedMediaType } from '../status-error.ts';
import { deletePrefix, orderPrefix, patchDirective, retainDirective, withoutDirectives } from './directives.ts';
import { unprocessable } from './errors.ts';
import { type FieldKind, fieldKind, type Scope } from './field-kind.ts';
import { identityBy, orderEntries } from './order.ts';

/**
 * Returns a new document; neither argument is changed. `model` as in api/generated/schemas.json. Throws a StatusError:
 * 415 for kinds without a model, 400 or 422 for a patch that is malformed.
 */
export function applyStrategicPatch(document: JsonObject, patch: unknown, model: string | undefined): JsonObject {
  if (model === undefined || !schemaOf(model)) {
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json',
    );
  }
  if (!isJsonObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${describeValue(patch)} into Go value of type map[string]interface {}`);
  }
  return mergeMap(document, patch, { kind: 'model', model }, 0);
}

function mergeMap(original: JsonObject, patch: JsonObject, scope: Scope, depth: number): JsonObject {
  if (depth > depthMax) throw badRequest(`json: exceeded max depth of ${depthMax}`);
  const directive = getOwn(patch, patchDirective);
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined) throw badDirective(directive, patch);
  const out = retainKeys(original, patch);
  const ordered = mergeOrderedLists(out, patch, scope, depth);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(deletePrefix)) deleteValues(out, patch, key);
    else if (key !== retainDirective && !key.startsWith(orderPrefix) && !ordered.has(key)) {
      mergeField(out, key, getOwn(patch, key), scope, depth);
    }
  }
  return out;
}

function mergeField(out: JsonObject, key: string, change: unknown, scope: Scope, depth: number): void {
  const before = getOwn(out, key);
  if (change === null) {
    delete out[key];
  } else if (isJsonObject(before) && isJsonObject(change)) {
    const kind = fieldKind(scope, key);
    setOwn(out, key, kind.replace ? withoutDirectives(change) : mergeMap(before, change, kind.inner, depth + 1));
  } else if (Array.isArray(before) && Array.isArray(change)) {
    setOwn(out, key, mergeList(before, change, fieldKind(scope, key), depth + 1));
  } else {
    setOwn(out, key, withoutDirectives(change));
  }
}

function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const retained = getOwn(patch, retainDirective);
  if (retained === undefined) return { ...original };
  if (!Array.isArray(retained)) throw badRequest('invalid patch format of retainKeys');
  const keep = new Set<unknown>(retained);
  for (const key of Object.keys(patch)) {
    const directive = key === retainDirective || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
    if (!directive && getOwn(patch, key) !== null && !keep.has(key)) {
      throw badRequest('invalid patch format of retainKeys');
    }
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.has(key)));
}

/** Lists that the patch gives an order for, with or without new entries; returns their names. */
function mergeOrderedLists(out: JsonObject, patch: JsonObject, scope: Scope, depth: number): Set<string> {
  const done = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const name = key.slice(orderPrefix.length);
    const [order, before, change] = [getOwn(patch, key), getOwn(out, name), getOwn(patch, name)];
    if (!Array.isArray(order) || name === '') throw badRequest('invalid patch format of setElementOrder list');
    if (!isListOrAbsent(before) || !isListOrAbsent(change)) {
      throw badRequest(`setElementOrder needs a list in field ${JSON.stringify(name)}`);
    }
    if (!before && !change) continue;
    const kind = fieldKind(scope, name);
    checkOrder(change ?? [], order, kind);
    const merged =
      before && change ? mergeList(before, change, kind, depth + 1) : (before ?? listWithoutDirectives(change));
    setOwn(out, name, orderEntries(merged, order, before ?? [], identityBy(kind.mergeKey)));
    done.add(name);
  }
  return done;
}

const isListOrAbsent = (value: unknown): value is unknown[] | undefined => value === undefined || Array.isArray(value);

const listWithoutDirectives = (list: unknown[] | undefined): unknown[] =>
  (list ?? [])
    .filter((entry) => !isJsonObject(entry) || !Object.hasOwn(entry, patchDirective))
    .map((entry) => withoutDirectives(entry));

/** What the patch changes must stand in its order list, in the same order. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], kind: FieldKind): void {
  const identity = identityBy(kind.mergeKey);
  const wanted = order.map(identity);
  let at = 0;
  for (const entry of change) {
    if (isJsonObject(entry) && Object.hasOwn(entry, patchDirective)) continue;
    const found = wanted.indexOf(identity(entry), at);
    if (found < 0) {
      throw badRequest(
        `The order in patch list:\n${JSON.stringify(change)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    }
    at = found + 1;
  }
}

function deleteValues(out: JsonObject, patch: JsonObject, key: string): void {
  const name = key.slice(deletePrefix.length);
  const [values, before] = [getOwn(patch, key), getOwn(out, name)];
  if (!Array.isArray(values) || name === '') throw badRequest('invalid patch format of primitive list');
  if (!Array.isArray(before)) return;
  const gone = new Set<unknown>(values);
  setOwn(
    out,
    name,
    before.filter((one) => !gone.has(one)),
  );
}

function mergeList(before: readonly unknown[], change: readonly unknown[], kind: FieldKind, depth: number): unknown[] {
  if (!kind.merge) return listWithoutDirectives([...change]);
  const maps = [...before, ...change].some(isJsonObject);
  if (!maps) return orderEntries([...new Set([...before, ...change])], change, before, identityBy(''));
  return mergeMaps(before, change, kind, depth);
}

function mergeMaps(before: readonly unknown[], change: readonly unknown[], kind: FieldKind, depth: number): unknown[] {
  const { mergeKey } = kind;
  if (mergeKey === '') throw unprocessable('cannot merge lists without merge key');
  const directives = change.filter((entry) => isJsonObject(entry) && Object.hasOwn(entry, patchDirective));
  const entries = change.filter((entry) => !isJsonObject(entry) || !Object.hasOwn(entry, patchDirective));
  const deleted = new Set(directives.flatMap((entry) => deletedKey(entry, mergeKey)));
  if (directives.some((entry) => isJsonObject(entry) && entry[patchDirective] === 'replace')) {
    return entries.map((entry) => withoutDirectives(entry));
  }
  const byKey = new Map<unknown, JsonObject>();
  const merged: unknown[] = [];
  for (const entry of before) {
    const key = keyOf(entry, mergeKey);
    if (deleted.has(key)) continue;
    const found = isJsonObject(entry) ? entry : {};
    if (!byKey.has(key)) byKey.set(key, found);
    merged.push(entry);
  }
  const replaced = new Map<unknown, unknown>();
  for (const entry of entries) {
    const key = keyOf(entry, mergeKey);
    if (!isJsonObject(entry)) continue;
    const known = byKey.get(key);
    const next = known ? mergeMap(known, entry, kind.inner, depth + 1) : withoutDirectives(entry);
    if (known) replaced.set(known, next);
    else merged.push(next);
    byKey.set(key, next);
  }
  const latest = (entry: unknown): unknown => {
    let at = entry;
    for (let next = replaced.get(at); next !== undefined; next = replaced.get(at)) at = next;
    return at;
  };
  return orderEntries(merged.map(latest), entries, before, identityBy(mergeKey));
}

function deletedKey(entry: unknown, mergeKey: string): unknown[] {
  if (!isJsonObject(entry)) return [];
  const directive = entry[patchDirective];
  if (directive === 'replace') return [];
  if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
  if (directive !== 'delete') throw badDirective(directive, entry);
  return [keyOf(entry, mergeKey)];
}

function keyOf(entry: unknown, mergeKey: string): unknown {
  const key = isJsonObject(entry) ? getOwn(entry, mergeKey) : undefined;
  if (key === undefined) {
    throw badRequest(`map: ${JSON.stringify(entry)} does not contain declared merge key: ${mergeKey}`);
  }
  return key;
}

const badDirective = (directive: unknown, map: JsonObject): StatusError =>
  badRequest(`unknown patch type: ${JSON.stringify(directive)} in map: ${JSON.stringify(map).slice(0, 1000)}`);
