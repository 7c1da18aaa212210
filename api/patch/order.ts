/** Where the entries of a merged list stand: the patch's own in its order, the others where the server had them. */
import { isJsonObject, jsonEqual } from '../schema/record.ts';

/** What identifies an entry: its merge key's value, or the entry itself in lists of plain values. */
export type Identity = (entry: unknown) => unknown;

export const identityBy =
  (mergeKey: string): Identity =>
  (entry) =>
    mergeKey && isJsonObject(entry) ? entry[mergeKey] : entry;

/** Keeps for each entry the first place where its identity stands. */
class Places {
  readonly #byIdentity = new Map<unknown, number>();

  constructor(order: readonly unknown[], identity: Identity) {
    for (const [index, entry] of order.entries()) {
      const id = normal(identity(entry));
      if (!this.#byIdentity.has(id)) this.#byIdentity.set(id, index);
    }
  }

  of(id: unknown): number | undefined {
    return this.#byIdentity.get(normal(id));
  }
}

const normal = (id: unknown): unknown => (typeof id === 'object' && id !== null ? JSON.stringify(id) : id);

/** `wanted`: the order that the patch asks for; `server`: the list before the patch. */
export function orderEntries(
  merged: readonly unknown[],
  wanted: readonly unknown[],
  server: readonly unknown[],
  identity: Identity,
): unknown[] {
  const wantedPlaces = new Places(wanted, identity);
  const serverPlaces = new Places(server, identity);
  const fromPatch = merged
    .filter((entry) => wantedPlaces.of(identity(entry)) !== undefined)
    .toSorted((a, b) => (wantedPlaces.of(identity(a)) ?? 0) - (wantedPlaces.of(identity(b)) ?? 0));
  const serverOnly = merged
    .filter((entry) => wantedPlaces.of(identity(entry)) === undefined)
    .toSorted((a, b) => (serverPlaces.of(identity(a)) ?? 0) - (serverPlaces.of(identity(b)) ?? 0));
  return interleave(serverOnly, fromPatch, (entry) => serverPlaces.of(identity(entry)));
}

function interleave(
  serverOnly: readonly unknown[],
  fromPatch: readonly unknown[],
  place: (entry: unknown) => number | undefined,
): unknown[] {
  const out: unknown[] = [];
  let at = 0;
  for (const entry of fromPatch) {
    const bound = place(entry);
    while (
      bound !== undefined &&
      at < serverOnly.length &&
      (place(serverOnly[at]) ?? Number.POSITIVE_INFINITY) < bound
    ) {
      out.push(serverOnly[at]);
      at += 1;
    }
    out.push(entry);
  }
  return [...out, ...serverOnly.slice(at)];
}

export const includesValue = (list: readonly unknown[], value: unknown): boolean =>
  list.some((one) => jsonEqual(one, value));
