import type { FileHandle } from 'node:fs/promises';
import { lineBytesMax } from './line.ts';

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** Cuts a growing file into lines, from `offset` on. Remembers an unfinished last line until its end is written. */
export interface LineSource {
  /** Lines up to the present end of the file, without their newlines. */
  read(): AsyncGenerator<Buffer, void, undefined>;
}

export function createLineSource(handle: FileHandle, offset: number): LineSource {
  let position = offset;
  let rest: Buffer = Buffer.alloc(0);
  let skipping = false;

  return {
    async *read() {
      for (;;) {
        const block = Buffer.allocUnsafe(blockBytes);
        const { bytesRead } = await handle.read(block, 0, blockBytes, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        let data = Buffer.concat([rest, block.subarray(0, bytesRead)]);
        rest = Buffer.alloc(0);
        for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
          const line = data.subarray(0, end);
          data = data.subarray(end + 1);
          if (skipping) skipping = false;
          else yield line;
        }
        // What has no newline for this long is not a log, and must not fill the memory.
        if (skipping || data.length > lineBytesMax) skipping = true;
        else rest = data;
      }
    },
  };
}

/** Lines of a file from its end to its start, each with the offset at which it starts. An unfinished last line is left out. */
export async function* readBackwards(
  handle: FileHandle,
): AsyncGenerator<{ readonly line: Buffer; readonly offset: number }, void, undefined> {
  let position = (await handle.stat()).size;
  /** What stands between `position` and the end of the line that is being put together. */
  let tail: Buffer = Buffer.alloc(0);
  let finished = false;
  while (position > 0) {
    const size = Math.min(blockBytes, position);
    position -= size;
    const block = Buffer.allocUnsafe(size);
    const { bytesRead } = await handle.read(block, 0, size, position);
    let data = Buffer.concat([block.subarray(0, bytesRead), tail]);
    for (let start = data.lastIndexOf(newline); start >= 0; start = data.lastIndexOf(newline)) {
      const line = data.subarray(start + 1);
      data = data.subarray(0, start);
      if (finished) yield { line, offset: position + start + 1 };
      finished = true;
    }
    tail = data.length > lineBytesMax ? data.subarray(0, 0) : data;
  }
  if (finished) yield { line: tail, offset: 0 };
}
