import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { chunksOf } from './body-chunks.ts';

async function all(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of chunksOf(stream)) text += chunk;
  return text;
}

test('reads to the end, however the chunks come', async () => {
  expect(await all(Readable.from([Buffer.from('a'), Buffer.from('b')]))).toBe('ab');
  const stream = new PassThrough();
  const reading = all(stream);
  stream.write('a');
  await Promise.resolve();
  stream.end('b');
  expect(await reading).toBe('ab');
  expect(await all(stream)).toBe('');
});

test('an early stop leaves the stream open', async () => {
  const stream = new PassThrough();
  stream.write('a');
  for await (const _ of chunksOf(stream)) break;
  expect(stream.destroyed).toBe(false);
  stream.end();
});

test('a stream that breaks off throws', async () => {
  const broken = new PassThrough();
  const reading = all(broken);
  broken.write('a');
  broken.destroy(new Error('reset'));
  await expect(reading).rejects.toThrow('reset');
  const closed = new PassThrough();
  const other = all(closed);
  closed.destroy();
  await expect(other).rejects.toThrow('closed before its end');
});
