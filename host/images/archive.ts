import { createHash } from 'node:crypto';
import type { Header } from 'tar-stream';

export interface ArchiveEntry {
  /** Relative to the archive's root, without a leading slash. */
  readonly path: string;
  readonly content?: Buffer | string | undefined;
  readonly linkTo?: string | undefined;
  readonly directory?: boolean | undefined;
  /** @default 0o644; 0o755 for directories */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** An uncompressed tar. The same entries give the same bytes: no times, no owners of this machine. */
export async function buildTar(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  // Every agent knows of images, and few processes build one.
  const { pack } = await import('tar-stream');
  const tar = pack();
  const chunks: Uint8Array[] = [];
  const read = (async () => {
    for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk);
  })();
  for (const entry of entries) {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(error) : resolve());
      if (entry.linkTo === undefined && !entry.directory) tar.entry(headersOf(entry), entry.content ?? '', done);
      else tar.entry(headersOf(entry), done);
    });
  }
  tar.finalize();
  await read;
  return Buffer.concat(chunks);
}

function headersOf(entry: ArchiveEntry): Partial<Header> & Pick<Header, 'name'> {
  const common = { name: entry.path, mtime: new Date(0), uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
  if (entry.linkTo !== undefined) return { ...common, type: 'symlink', linkname: entry.linkTo, mode: 0o777 };
  if (entry.directory) return { ...common, type: 'directory', mode: entry.mode ?? 0o755 };
  return { ...common, type: 'file', mode: entry.mode ?? 0o644 };
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
