/** Frames of SPDY/3.1, as far as streams through a container runtime need them. */
import { uint32 } from './headers.ts';

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** In SYN_STREAM, SYN_REPLY and data frames: the sender sends no more on this stream. */
export const flagFin = 1;
export const statusCancel = 5;

const version = 3;
const frameHeadBytes = 8;
/** Far above what any header block of ours takes; a peer that sends more is not speaking SPDY. */
const controlBytesMax = 256 * 1024;

export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(payload.length, 4);
  head.writeUInt8(flags, 4);
  return Buffer.concat([head, payload]);
}

/** `block` is a deflated header block. */
export const synStream = (streamId: number, block: Buffer): Buffer =>
  controlFrame(frameTypes.synStream, 0, Buffer.concat([uint32(streamId), uint32(0), Buffer.alloc(2), block]));

export const rstStream = (streamId: number, status: number): Buffer =>
  controlFrame(frameTypes.rstStream, 0, Buffer.concat([uint32(streamId), uint32(status)]));

export const goAway = (): Buffer => controlFrame(frameTypes.goAway, 0, Buffer.alloc(8));

export function dataFrameHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(length, 4);
  head.writeUInt8(fin ? flagFin : 0, 4);
  return head;
}

export interface FrameHandler {
  /** A part of a data frame, as it arrives; `fin` comes with the last part. */
  onData(streamId: number, chunk: Buffer, fin: boolean): void;
  onControl(type: number, flags: number, payload: Buffer): void;
}

/** Takes bytes as they come. Throws when they are not SPDY/3. */
export function createFrameParser(handler: FrameHandler): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  /** The data frame of which parts have still to come. */
  let open: { streamId: number; left: number; fin: boolean } | undefined;

  const takeData = (bytes: Buffer): Buffer => {
    if (!open) return bytes;
    const chunk = bytes.subarray(0, open.left);
    const left = open.left - chunk.length;
    handler.onData(open.streamId, chunk, open.fin && left === 0);
    open = left === 0 ? undefined : { ...open, left };
    return bytes.subarray(chunk.length);
  };

  return (chunk) => {
    let bytes = takeData(pending.length === 0 ? chunk : Buffer.concat([pending, chunk]));
    while (!open && bytes.length >= frameHeadBytes) {
      const flags = bytes.readUInt8(4);
      const length = bytes.readUInt32BE(4) & 0xffffff;
      if ((bytes.readUInt8(0) & 0x80) === 0) {
        open = { streamId: bytes.readUInt32BE(0), left: length, fin: (flags & flagFin) !== 0 };
        bytes = takeData(bytes.subarray(frameHeadBytes));
        continue;
      }
      if ((bytes.readUInt16BE(0) & 0x7fff) !== version) throw new Error('the peer does not speak SPDY/3');
      if (length > controlBytesMax) throw new Error(`SPDY control frame of ${length} bytes`);
      if (bytes.length < frameHeadBytes + length) break;
      handler.onControl(bytes.readUInt16BE(2), flags, bytes.subarray(frameHeadBytes, frameHeadBytes + length));
      bytes = bytes.subarray(frameHeadBytes + length);
    }
    // A copy: the rest is a few bytes of a chunk that would be kept alive whole.
    pending = Buffer.from(bytes);
  };
}
