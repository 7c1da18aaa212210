import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Platform } from '#node-agent/images/manifests.ts';
import type { Descriptor } from '#node-agent/images/transfer.ts';
import { CliError } from '../../command.ts';
import type { ArchiveFile } from './file.ts';
import type { TarEntry } from './tar.ts';

/** A blob that can be sent. */
export interface Blob extends Descriptor {
  /** The bytes from `offset` on. */
  stream(offset: number): Readable;
  /** Rejects with a CliError when its bytes do not have its digest. Reads them once, however often it is asked. */
  verify(): Promise<void>;
}

/** An image of an archive. */
export interface ArchiveImage {
  /** Complete references; none when the archive has no name for it. */
  readonly names: readonly string[];
  /** What the names will stand for: a manifest, or an index of manifests. */
  readonly target: Descriptor;
  /** One for each platform that the archive has the blobs of. */
  readonly variants: readonly ImageVariant[];
}

export interface ImageVariant {
  readonly platform: Platform | undefined;
  /** In the order in which they are sent: layers, configuration, manifest, index. */
  readonly blobs: readonly Blob[];
}

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export const blobInMemory = (mediaType: string, bytes: Buffer): Blob => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
  stream: (offset) => Readable.from([bytes.subarray(offset)]),
  verify: async () => {},
});

export function blobInFile(file: ArchiveFile, { offset, size }: TarEntry, about: Omit<Descriptor, 'size'>): Blob {
  let verified: Promise<void> | undefined;
  const verify = async (): Promise<void> => {
    const found = await digestOf(file, { offset, size });
    if (found === about.digest) return;
    throw new CliError(`the archive is damaged: ${about.digest} has the digest ${found}`, {
      fix: 'Make the archive anew, and compare checksums if it was copied',
    });
  };
  return {
    ...about,
    size,
    stream: (from) => file.stream(offset + from, size - from),
    verify() {
      verified ??= verify();
      return verified;
    },
  };
}

export async function digestOf(file: ArchiveFile, { offset, size }: TarEntry): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file.stream(offset, size)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
