/** Header blocks of SPDY/3.1: length-prefixed names and values, deflated. */
import { constants, deflateRawSync } from 'node:zlib';

/**
 * The head of a zlib stream that promises SPDY's preset dictionary, named by its Adler-32. We never refer to the
 * dictionary, nor to earlier blocks, so that no compressor has to be kept.
 */
const streamHead = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);

export type Headers = Readonly<Record<string, string>>;

/** One per session and direction: only its first block begins the zlib stream. */
export function createHeaderEncoder(): (headers: Headers) => Buffer {
  let first = true;
  return (headers) => {
    const block = deflateRawSync(serialise(headers), { finishFlush: constants.Z_SYNC_FLUSH });
    const head = first ? [streamHead] : [];
    first = false;
    return Buffer.concat([...head, block]);
  };
}

function serialise(headers: Headers): Buffer {
  const entries = Object.entries(headers);
  const parts = entries.flatMap(([name, value]) => [...withLength(name.toLowerCase()), ...withLength(value)]);
  return Buffer.concat([uint32(entries.length), ...parts]);
}

function withLength(text: string): [Buffer, Buffer] {
  const bytes = Buffer.from(text, 'utf8');
  return [uint32(bytes.length), bytes];
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
