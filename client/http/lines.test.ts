import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LineOptions, readLines } from './lines.ts';

async function* chunksOf(...texts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

const read = (chunks: AsyncIterable<Buffer>, options?: LineOptions) => Array.fromAsync(readLines(chunks, options));

test('what follows the last newline is kept or dropped as asked', async () => {
  expect(await read(chunksOf('a\n\nb\nc'))).toEqual(['a', 'b', 'c']);
  expect(await read(chunksOf('a\n\nb\nc'), { unfinished: 'drop' })).toEqual(['a', 'b']);
});

test('a line that is too long is an error before all of it is held', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(1000, 'x');
  }
  await expect(read(endless(), { lineMaxBytes: 5000 })).rejects.toThrow('longer than 5000 bytes');
  await expect(read(chunksOf('abcdef\n'), { lineMaxBytes: 5 })).rejects.toThrow('longer than 5 bytes');
});

test('lines do not depend on where the chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 9 }), async (texts, size) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' ')).filter((text) => text.trim() !== '');
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const pieces: Buffer[] = [];
      for (let i = 0; i < bytes.length; i += size) pieces.push(bytes.subarray(i, i + size));
      expect(await read(chunksOf(...pieces))).toEqual(lines);
    }),
    { numRuns: 50 },
  );
});
