/** How long pods that fail again and again on a node are left alone, growing from 1 s to 15 min. */
export interface Failures {
  delayMs(set: string, node: string): number;
  note(set: string, node: string): void;
  forget(set: string): void;
}

const firstMs = 1_000;
const maxMs = 15 * 60_000;

export function createFailures(now: () => number): Failures {
  const bySet = new Map<string, Map<string, { readonly backoffMs: number; readonly atMs: number }>>();
  return {
    delayMs(set, node) {
      const last = bySet.get(set)?.get(node);
      return last ? Math.max(0, last.atMs + last.backoffMs - now()) : 0;
    },
    note(set, node) {
      const nodes = bySet.get(set) ?? new Map<string, { backoffMs: number; atMs: number }>();
      bySet.set(set, nodes);
      const last = nodes.get(node);
      const isOld = last === undefined || now() - last.atMs > 2 * maxMs;
      // Entries of nodes that are gone must not pile up.
      for (const [name, { atMs }] of nodes) if (now() - atMs > 2 * maxMs) nodes.delete(name);
      nodes.set(node, { backoffMs: isOld ? firstMs : Math.min(maxMs, last.backoffMs * 2), atMs: now() });
    },
    forget: (set) => bySet.delete(set),
  };
}
