/** One image to one node: what it lacks, until it has it. */
import { Readable } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { choosePlatform, formatPlatform } from '#node-agent/images/manifests.ts';
import type { ArchiveImage, Blob, ImageVariant } from './archive/image.ts';
import { type NodeClient, NodeError } from './node-client.ts';
import type { ImageNode } from './nodes.ts';

export interface SendOptions {
  readonly client: NodeClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with each piece that goes out, and with how much there will be whenever that is known anew. Bytes. */
  readonly onSent: (bytes: number) => void;
  readonly onExpect: (bytes: number) => void;
}

export interface SendResult {
  readonly bytes: number;
  readonly blobs: number;
  /** Of all blobs of the image. */
  readonly blobsThere: number;
}

/** Tries in a row without any progress. */
const triesMax = 4;
const retryMs = 500;

/** Rejects with a NodeError when the node refuses or is gone, with a CliError when the archive is damaged. */
export async function sendImage(image: ArchiveImage, node: ImageNode, options: SendOptions): Promise<SendResult> {
  const { client, clock, signal } = options;
  const { blobs } = chooseVariant(image, node);
  let sentBytes = 0;
  let first: number | undefined;
  let lastLeft = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; tries++) {
    try {
      const missing = new Map((await client.check(image.target, blobs, signal)).map((one) => [one.digest, one.offset]));
      first ??= missing.size;
      const left = blobs.reduce(
        (sum, { digest, size }) => sum + (missing.has(digest) ? size - (missing.get(digest) ?? 0) : 0),
        0,
      );
      options.onExpect(sentBytes + left);
      if (left < lastLeft) tries = 1;
      lastLeft = left;
      for (const blob of blobs) {
        const offset = missing.get(blob.digest);
        if (offset === undefined) continue;
        await blob.verify();
        const bytes = counted(blob, offset, (length) => {
          sentBytes += length;
          options.onSent(length);
        });
        await client.write(image.target, blob, offset, bytes, signal);
      }
      await client.commit({ target: image.target, names: image.names }, signal);
      return { bytes: sentBytes, blobs: blobs.length, blobsThere: blobs.length - first };
    } catch (error) {
      if (!(error instanceof NodeError) || !error.mayPass || tries >= triesMax) throw error;
      await clock.sleep(retryMs * 2 ** tries, signal);
    }
  }
}

function chooseVariant({ variants }: ArchiveImage, { architecture }: ImageNode): ImageVariant {
  const chosen = choosePlatform(variants, architecture);
  if (chosen) return chosen;
  const there = variants.flatMap(({ platform }) => (platform ? formatPlatform(platform) : []));
  throw new NodeError(
    422,
    `the archive has the image for ${there.join(', ') || 'no platform'}, and the node is linux/${architecture}`,
  );
}

function counted(blob: Blob, offset: number, onBytes: (length: number) => void): Readable {
  const read = async function* () {
    for await (const chunk of blob.stream(offset)) {
      onBytes(chunk.length);
      yield chunk;
    }
  };
  return Readable.from(read(), { objectMode: false });
}
