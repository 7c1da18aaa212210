/** An archive that can be read at any place: the file itself, or a copy without its compression. */
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { messageOf } from '#base/error-message.ts';
import type { Random } from '#base/random.ts';
import { CliError } from '../../command.ts';

export interface ArchiveFile {
  readonly bytes: number;
  /** Up to `length` bytes; fewer at the file's end. */
  readAt(offset: number, length: number): Promise<Buffer>;
  /** The bytes from `offset` on, `length` of them. */
  stream(offset: number, length: number): Readable;
  close(): Promise<void>;
}

export interface ArchiveSource {
  /** `-` is standard input. */
  readonly file: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const magicBytes = 4;

/**
 * Opens an archive. What is compressed or comes from a pipe is copied to a file without a name in $TMPDIR, so that it takes
 * disk and not memory, and is gone with this process. Throws a CliError.
 */
export async function openArchive(source: ArchiveSource): Promise<ArchiveFile> {
  if (source.file === '-') return spool(await withMagic(source.stdin), source);
  const handle = await openFile(source.file);
  const { buffer } = await handle.read(Buffer.alloc(magicBytes), 0, magicBytes, 0);
  if (!decompressorOf(buffer)) return fromHandle(handle);
  try {
    const { size } = await handle.stat();
    return await spool({ stream: readRange(handle, 0, size), magic: buffer }, source);
  } finally {
    await handle.close();
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    if ((await stat(file)).isDirectory()) {
      throw new CliError(`${file} is a folder`, {
        fix: `Load it as an archive: tar -C ${file} -c . | berth image load -`,
      });
    }
    return await open(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

interface Begun {
  readonly stream: NodeJS.ReadableStream;
  readonly magic: Buffer;
}

/** Looks at the first bytes of a pipe and puts them back. */
async function withMagic(stdin: NodeJS.ReadableStream): Promise<Begun> {
  const chunks: Buffer[] = [];
  const whole = new PassThrough();
  const iterator = stdin[Symbol.asyncIterator]();
  let magic = Buffer.alloc(0);
  while (magic.length < magicBytes) {
    const { value, done } = await iterator.next();
    if (done) break;
    chunks.push(Buffer.from(value));
    magic = Buffer.concat(chunks);
  }
  if (magic.length === 0)
    throw new CliError('standard input is empty', { fix: 'Pipe an archive: docker save web:1 | berth image load -' });
  const rest = async function* () {
    yield magic;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield Buffer.from(value);
    }
  };
  pipeline(rest, whole).catch(() => undefined); // Told by the stream itself.
  return { stream: whole, magic };
}

async function spool({ stream, magic }: Begun, { random, signal }: ArchiveSource): Promise<ArchiveFile> {
  const path = join(tmpdir(), `berth-image-${random.uuid()}`);
  const handle = await open(path, 'wx+', 0o600);
  // From here on only we know of it: the kernel removes it when we end, however we end.
  await rm(path);
  try {
    const unpack = decompressorOf(magic) ?? new PassThrough();
    const write = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
      for await (const chunk of chunks) await handle.appendFile(chunk);
    };
    await pipeline(stream, unpack, write, { signal });
    return await fromHandle(handle);
  } catch (error) {
    await handle.close();
    signal.throwIfAborted();
    const full = messageOf(error).includes('ENOSPC');
    throw new CliError(
      full
        ? `no space is left in ${tmpdir()} to unpack the archive`
        : `the archive cannot be read: ${messageOf(error)}`,
      {
        fix: full ? 'Name a folder on a larger disk: TMPDIR=/var/tmp berth image load …' : undefined,
        cause: error,
      },
    );
  }
}

function decompressorOf(magic: Buffer): Transform | undefined {
  if (magic[0] === 0x1f && magic[1] === 0x8b) return createGunzip();
  if (magic.subarray(0, 4).equals(Buffer.of(0x28, 0xb5, 0x2f, 0xfd))) return createZstdDecompress();
  return undefined;
}

async function fromHandle(handle: FileHandle): Promise<ArchiveFile> {
  const { size } = await handle.stat();
  return {
    bytes: size,
    async readAt(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, offset);
      return buffer.subarray(0, bytesRead);
    },
    stream: (offset, length) => readRange(handle, offset, length),
    close: () => handle.close(),
  };
}

const chunkBytes = 2 ** 20;

/** Node's own file streams close the file when they are given up; this one leaves it to the others that read it. */
function readRange(handle: FileHandle, offset: number, length: number): Readable {
  const read = async function* () {
    for (let at = offset; at < offset + length; ) {
      const wanted = Math.min(chunkBytes, offset + length - at);
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
      if (bytesRead === 0) throw new Error('the archive became shorter while it was read');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  };
  return Readable.from(read(), { objectMode: false });
}
