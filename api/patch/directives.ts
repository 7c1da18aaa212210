/** The words that a strategic merge patch says to the server, and taking them out of what becomes content. */
import { depthMax } from '../schema/decode.ts';
import { isJsonObject, type JsonObject, setOwn } from '../schema/record.ts';
import { badRequest } from '../status-error.ts';

export const patchDirective = '$patch';
export const retainDirective = '$retainKeys';
export const deletePrefix = '$deleteFromPrimitiveList/';
export const orderPrefix = '$setElementOrder/';

const isDirective = (key: string): boolean =>
  key === patchDirective || key === retainDirective || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);

/**
 * A copy without directives, without nulls in maps, and without list entries that were to be deleted. Throws a StatusError
 * 400 for what nests too deep.
 */
export function withoutDirectives<T>(value: T, depth?: number): T;
export function withoutDirectives(value: unknown, depth = 0): unknown {
  if (depth > depthMax) throw badRequest(`json: exceeded max depth of ${depthMax}`);
  if (Array.isArray(value)) {
    return value
      .filter((entry) => !isJsonObject(entry) || entry[patchDirective] !== 'delete')
      .map((entry: unknown) => withoutDirectives(entry, depth + 1));
  }
  if (!isJsonObject(value)) return value;
  const out: JsonObject = {};
  for (const [key, one] of Object.entries(value)) {
    if (one !== null && !isDirective(key)) setOwn(out, key, withoutDirectives(one, depth + 1));
  }
  return out;
}
