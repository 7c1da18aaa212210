/** JSON pointers (RFC 6901) over a document that the caller owns: the writing functions change it in place. */
import { getOwn, isJsonObject, type JsonObject, setOwn } from '../schema/record.ts';

/** A pointer that is malformed, or leads nowhere in this document. */
export class PointerError extends Error {
  override readonly name = 'PointerError';
}

export function parsePointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw new PointerError(`the path ${JSON.stringify(text)} does not start with a slash`);
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function getAt(document: unknown, path: readonly string[]): unknown {
  let at = document;
  for (const token of path) at = child(at, token, path);
  return at;
}

/** Returns the document, which is `value` itself for the empty path. */
export function addAt(document: unknown, path: readonly string[], value: unknown): unknown {
  const [parent, last] = parentOf(document, path);
  if (parent === undefined) return value;
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : readIndex(last, parent.length + 1);
    if (index === undefined) throw nowhere(path);
    parent.splice(index, 0, value);
  } else {
    setOwn(parent, last, value);
  }
  return document;
}

export function replaceAt(document: unknown, path: readonly string[], value: unknown): unknown {
  const [parent, last] = parentOf(document, path);
  if (parent === undefined) return value;
  child(parent, last, path);
  if (Array.isArray(parent)) parent[readIndex(last, parent.length) ?? 0] = value;
  else setOwn(parent, last, value);
  return document;
}

export function removeAt(document: unknown, path: readonly string[]): unknown {
  const [parent, last] = parentOf(document, path);
  if (parent === undefined) return null;
  child(parent, last, path);
  if (Array.isArray(parent)) parent.splice(readIndex(last, parent.length) ?? 0, 1);
  else delete parent[last];
  return document;
}

type Parent = JsonObject | unknown[];

function parentOf(document: unknown, path: readonly string[]): [Parent | undefined, string] {
  const last = path.at(-1);
  if (last === undefined) return [undefined, ''];
  const parent = getAt(document, path.slice(0, -1));
  if (!Array.isArray(parent) && !isJsonObject(parent)) throw nowhere(path);
  return [parent, last];
}

function child(parent: unknown, token: string, path: readonly string[]): unknown {
  if (Array.isArray(parent)) {
    const index = readIndex(token, parent.length);
    if (index === undefined) throw nowhere(path);
    return parent[index];
  }
  if (!isJsonObject(parent) || !Object.hasOwn(parent, token)) throw nowhere(path);
  return getOwn(parent, token);
}

/** Negative ones count from the end, as kube-apiserver's library allows. */
function readIndex(token: string, length: number): number | undefined {
  if (!/^-?\d{1,10}$/.test(token)) return undefined;
  const index = Number(token);
  const at = index < 0 ? index + length : index;
  return at >= 0 && at < length ? at : undefined;
}

const nowhere = (path: readonly string[]): PointerError =>
  new PointerError(`the path ${JSON.stringify(`/${path.join('/')}`)} does not exist in the document`);
