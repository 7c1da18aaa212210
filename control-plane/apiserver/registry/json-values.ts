/** A private copy of a JSON value; fields that are undefined are left out, as JSON does. */
export function copyJson<T>(value: T): T;
export function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => (part === undefined ? null : copyJson(part)));
  const copy: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) if (part !== undefined) set(copy, name, copyJson(part));
  return copy;
}

/** Assigning `__proto__` would change the prototype instead of making a field. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}

/** Are two JSON values the same, whatever the order of their fields? Undefined is as good as absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((part, index) => equalJson(part, b[index]));
  }
  let matched = 0;
  const other: Readonly<Record<string, unknown>> = { ...b };
  for (const [name, part] of Object.entries(a)) {
    if (part === undefined) continue;
    if (other[name] === undefined || !equalJson(part, other[name])) return false;
    matched++;
  }
  return matched === Object.values(other).filter((part) => part !== undefined).length;
}
