import { messageOf } from '#base/error-message.ts';
import { completeName } from '#node-agent/images/reference.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { createNodeClient, NodeError } from './node-client.ts';
import { selectNodes, sideBySide } from './nodes.ts';

export interface RemoveFlags {
  readonly node?: readonly string[];
}

const nodesAtOnce = 16;

/** Removes images from nodes. Throws a CliError that names each node that refused, or images that are nowhere. */
export async function removeImages(
  context: CliContext,
  { client }: Connection,
  names: readonly string[],
  flags: RemoveFlags,
): Promise<void> {
  const wrong = names.find((name) => completeName(name) === undefined && !/^sha256:[0-9a-f]{64}$/.test(name));
  if (wrong !== undefined) throw new CliError(`${JSON.stringify(wrong)} is no image name`, { exitCode: 2 });
  const nodes = await selectNodes(context, client, flags.node ?? []);
  const failures: string[] = [];
  for (const name of names) {
    const removed = await sideBySide(nodes, nodesAtOnce, async (node) => {
      try {
        await createNodeClient(client.transport, node.name).remove(name, context.signal);
        return node.name;
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof NodeError && error.status === 404) return undefined;
        failures.push(`${node.name}: ${messageOf(error)}`);
        return undefined;
      }
    });
    const from = removed.filter((node) => node !== undefined);
    if (from.length > 0) context.stdout.write(`${name} removed from ${from.join(', ')}\n`);
    else if (failures.length === 0) failures.push(`${name} is on none of ${nodes.map((node) => node.name).join(', ')}`);
  }
  if (failures.length > 0) {
    throw new CliError(
      failures.length === 1 ? (failures[0] ?? '') : `not everything was removed:\n  ${failures.join('\n  ')}`,
    );
  }
}
