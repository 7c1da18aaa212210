/** JSON merge patch (RFC 7386). */
import { depthMax } from '../schema/decode.ts';
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../schema/record.ts';
import { describeValue } from '../schema/values.ts';
import { badRequest } from '../status-error.ts';

/** Returns a new document; neither argument is changed. Throws a StatusError 400 when the patch is not an object. */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
  if (!isJsonObject(patch)) {
    throw badRequest(`json: cannot unmarshal ${describeValue(patch)} into Go value of type map[string]interface {}`);
  }
  return merge(document, patch, 0);
}

function merge(document: unknown, patch: JsonObject, depth: number): JsonObject {
  if (depth > depthMax) throw badRequest(`json: exceeded max depth of ${depthMax}`);
  const base = isJsonObject(document) ? document : {};
  const out: JsonObject = {};
  for (const key of Object.keys(base)) {
    if (!Object.hasOwn(patch, key)) setOwn(out, key, getOwn(base, key));
    else addMerged(out, key, base, patch, depth);
  }
  for (const key of Object.keys(patch)) if (!Object.hasOwn(base, key)) addMerged(out, key, base, patch, depth);
  return out;
}

function addMerged(out: JsonObject, key: string, base: JsonObject, patch: JsonObject, depth: number): void {
  const change = getOwn(patch, key);
  if (change === null) return;
  setOwn(out, key, isJsonObject(change) ? merge(getOwn(base, key), change, depth + 1) : change);
}
