import { nodes } from '#api/kinds.ts';
import type { ApiClient } from '#client/api-client.ts';
import { CliError } from '../command.ts';

/** The nodes that are named, or those with the labels. Throws a CliError when there is neither name nor selector. */
export async function selectNodes(
  client: ApiClient,
  names: readonly string[],
  selector: string | undefined,
  verb: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (names.length > 0 && selector) {
    throw new CliError('error: cannot specify both a node name and a --selector option', { exitCode: 2 });
  }
  if (selector) {
    const { items } = await client.list(nodes, { labelSelector: selector, signal });
    return items.map(({ metadata }) => metadata.name);
  }
  if (names.length === 0) {
    throw new CliError(`USAGE: ${verb} NODE [flags]`, { exitCode: 2, fix: 'See the nodes with: berth get nodes' });
  }
  const plain = names.map((name) => name.replace(/^(nodes?|no)\//, ''));
  // All must be there before anything is done to one of them.
  for (const name of plain) await client.get(nodes, { name }, { signal });
  return plain;
}
