import type { V1Node } from '#api/generated/types.ts';
import { nodes as nodeType } from '#api/kinds.ts';
import type { ApiClient } from '#client/api-client.ts';
import { type CliContext, CliError } from '../command.ts';

export interface ImageNode {
  readonly name: string;
  /** As in images: `amd64`. */
  readonly architecture: string;
}

/** The nodes that were named, else every Ready one; those left out are told of. Throws a CliError when none is left. */
export async function selectNodes(
  context: CliContext,
  client: ApiClient,
  wanted: readonly string[],
): Promise<readonly ImageNode[]> {
  const { items } = await client.list(nodeType, { signal: context.signal });
  const known = new Map(items.map((node) => [node.metadata.name, node]));
  const missing = wanted.filter((name) => !known.has(name));
  if (missing.length > 0) {
    throw new CliError(`there is no node ${missing.join(', ')}`, { fix: 'See which there are with: berth get nodes' });
  }
  const asked = wanted.length > 0 ? items.filter(({ metadata }) => wanted.includes(metadata.name)) : items;
  const ready = asked.filter(isReady);
  const down = asked.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name);
  if (wanted.length > 0 && down.length > 0) {
    throw new CliError(`not Ready: ${down.join(', ')}`, { fix: `See why with: berth describe node ${down[0]}` });
  }
  if (ready.length === 0) throw new CliError('no node is Ready', { fix: 'See why with: berth describe nodes' });
  if (down.length > 0) {
    context.stderr.write(`left out, because not Ready: ${down.join(', ')}\n`);
  }
  return ready
    .map((node) => ({ name: node.metadata.name, architecture: node.status?.nodeInfo?.architecture ?? 'amd64' }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

export const isReady = (node: V1Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Works on several items at once, not more than `max`. Rejects with the first rejection, when all have ended. */
export async function sideBySide<T, R>(
  items: readonly T[],
  max: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(max, items.length) }, worker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return results;
}
