import { messageOf } from '#base/error-message.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { createProgress, type Progress } from '../progress.ts';
import { openArchive } from './archive/file.ts';
import { readArchive } from './archive/read.ts';
import { createNodeClient, NodeError } from './node-client.ts';
import { type ImageNode, selectNodes, sideBySide } from './nodes.ts';
import { type SendResult, sendImage } from './send.ts';
import { formatBytes } from './size.ts';
import { watchNodes } from './watch-nodes.ts';

export interface LoadFlags {
  readonly node?: readonly string[];
  readonly name?: string;
}

/** More at once would only share the same network. */
const nodesAtOnce = 4;
const progressMs = 200;

/** Puts the images of an archive on nodes. What fails on one is told at the end; the others go on. Throws a CliError then. */
export async function loadImages(
  context: CliContext,
  { client }: Connection,
  file: string,
  flags: LoadFlags,
): Promise<void> {
  const { stdin, random, clock, signal } = context;
  const nodes = await selectNodes(context, client, flags.node ?? []);
  const archive = await openArchive({ file, stdin, random, signal });
  try {
    const images = await readArchive(archive, flags.name);
    for (const { names } of images) context.stdout.write(`${names.join(', ')}\n`);
    const sending = new Map(nodes.map(({ name }) => [name, new AbortController()]));
    const ended = new AbortController();
    const watching = watchNodes(client, sending, clock, AbortSignal.any([signal, ended.signal]));
    const load = async (node: ImageNode): Promise<string | undefined> => {
      const controller = sending.get(node.name) ?? new AbortController();
      const transfer = board.begin(node.name);
      try {
        const results: SendResult[] = [];
        for (const image of images) {
          const base = results.reduce((total, { bytes }) => total + bytes, 0);
          const result = await sendImage(image, node, {
            client: createNodeClient(client.transport, node.name),
            clock,
            signal: AbortSignal.any([signal, controller.signal]),
            onSent: transfer.onSent,
            onExpect: (bytes) => transfer.onExpect(base + bytes),
          });
          results.push(result);
        }
        board.end(node.name, summaryOf(results));
        return undefined;
      } catch (error) {
        signal.throwIfAborted();
        board.end(node.name, 'failed');
        return `${node.name}: ${failureOf(error)}`;
      } finally {
        sending.delete(node.name);
      }
    };
    const board = createBoard(context, nodes);
    try {
      const failures = (await sideBySide(nodes, nodesAtOnce, load)).filter((one) => one !== undefined);
      if (failures.length > 0) throw failed(failures, nodes.length);
    } finally {
      ended.abort();
      await watching;
    }
  } finally {
    await archive.close();
  }
}

const failed = (failures: readonly string[], total: number): CliError =>
  new CliError(`not on ${failures.length} of ${total} nodes:\n  ${failures.join('\n  ')}`, {
    fix: 'Run the same command again when that is mended: it sends only what is missing.',
  });

function failureOf(error: unknown): string {
  if (error instanceof NodeError || error instanceof CliError) return error.message;
  throw error instanceof Error ? error : new Error(messageOf(error));
}

function summaryOf(results: readonly SendResult[]): string {
  const sum = (of: (result: SendResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const bytes = sum((result) => result.bytes);
  const there = `${sum((result) => result.blobsThere)} of ${sum((result) => result.blobs)} parts were there`;
  return bytes === 0 ? 'had it already, sent 0 bytes' : `loaded, sent ${formatBytes(bytes)} (${there})`;
}

interface Board {
  begin(node: string): { onSent(bytes: number): void; onExpect(bytes: number): void };
  end(node: string, what: string): void;
}

/** A line for each node that is done and, on a terminal, one for what is under way. */
function createBoard(context: CliContext, nodes: readonly ImageNode[]): Board {
  const { clock } = context;
  const width = Math.max(...nodes.map(({ name }) => name.length)) + 3;
  const progress: Progress = createProgress(context, width);
  const under = new Map<string, { sent: number; expected: number }>();
  let shownMs = Number.NEGATIVE_INFINITY;
  const show = (): void => {
    if (clock.monotonicMs() - shownMs < progressMs) return;
    shownMs = clock.monotonicMs();
    const all = [...under.values()];
    const sent = all.reduce((total, one) => total + one.sent, 0);
    const expected = all.reduce((total, one) => total + Math.max(one.expected, one.sent), 0);
    progress.doing([...under.keys()].join(', '), `${formatBytes(sent)} of ${formatBytes(expected)}`);
  };
  return {
    begin(node) {
      const state = { sent: 0, expected: 0 };
      under.set(node, state);
      return {
        onSent(bytes) {
          state.sent += bytes;
          show();
        },
        onExpect(bytes) {
          state.expected = bytes;
          show();
        },
      };
    },
    end(node, what) {
      under.delete(node);
      progress.done(node, what);
    },
  };
}
