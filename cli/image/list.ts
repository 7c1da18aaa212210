import { messageOf } from '#base/error-message.ts';
import type { NodeImage } from '#node-agent/images/transfer.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { writeStructured } from '../printers/structured.ts';
import { formatTable } from '../printers/table.ts';
import { createNodeClient } from './node-client.ts';
import { selectNodes, sideBySide } from './nodes.ts';
import { formatBytes } from './size.ts';

export interface ListFlags {
  readonly node?: readonly string[];
  readonly output?: string;
}

export interface ListedImage {
  readonly name: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly nodes: readonly string[];
}

const nodesAtOnce = 16;

/** Prints which images are on which nodes. A node that does not answer is told of, and the exit code is 1 then. */
export async function listImages(context: CliContext, { client }: Connection, flags: ListFlags): Promise<void> {
  const nodes = await selectNodes(context, client, flags.node ?? []);
  const failures: string[] = [];
  const found = await sideBySide(nodes, nodesAtOnce, async ({ name }) => {
    try {
      return { node: name, images: await createNodeClient(client.transport, name).list(context.signal) };
    } catch (error) {
      context.signal.throwIfAborted();
      failures.push(`${name}: ${messageOf(error)}`);
      return { node: name, images: [] };
    }
  });
  const images = mergeImages(found);
  if (flags.output !== undefined) writeStructured(context, flags.output, { images });
  else {
    const columns = ['image', 'id', 'size', 'nodes'].map((name) => ({ name, wide: false }));
    const rows = images.map((image) => [
      image.name,
      image.id.replace('sha256:', '').slice(0, 12),
      formatBytes(image.sizeBytes),
      image.nodes.length === nodes.length && nodes.length > 1 ? `all ${nodes.length}` : image.nodes.join(','),
    ]);
    context.stdout.write(formatTable(columns, rows, { wide: false, headers: true }));
  }
  if (failures.length > 0) throw new CliError(`no answer from:\n  ${failures.join('\n  ')}`);
}

/** One line per name and id: a name may stand for different images on different nodes. */
export function mergeImages(
  found: readonly { readonly node: string; readonly images: readonly NodeImage[] }[],
): readonly ListedImage[] {
  const merged = new Map<string, { name: string; id: string; sizeBytes: number; nodes: string[] }>();
  for (const { node, images } of found) {
    for (const { id, names, digests, sizeBytes } of images) {
      const shown = names.length > 0 ? names : digests.length > 0 ? digests.slice(0, 1) : ['<none>'];
      for (const name of shown) {
        const key = `${name} ${id}`;
        const entry = merged.get(key) ?? { name, id, sizeBytes, nodes: [] };
        entry.nodes.push(node);
        merged.set(key, entry);
      }
    }
  }
  return [...merged.values()].sort((a, b) => a.name.localeCompare(b.name, 'en') || a.id.localeCompare(b.id));
}
