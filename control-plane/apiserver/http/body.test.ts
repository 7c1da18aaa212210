import { describe, expect, test } from 'vitest';
import { bodyFormat, readBody } from './body.ts';
import type { ApiRequest } from './message.ts';

async function* chunks(...parts: (string | Error)[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

const request = (body: AsyncIterable<Buffer> | undefined, headers: Record<string, string> = {}): ApiRequest => ({
  method: 'POST',
  target: '/',
  headers,
  body,
  peer: { kind: 'anonymous' },
  signal: new AbortController().signal,
});

describe('readBody', () => {
  test('joins chunks', async () => {
    expect((await readBody(request(chunks('ab', '', 'c')))).toString()).toBe('abc');
    expect((await readBody(request(undefined))).length).toBe(0);
  });

  test('refuses an announced length without reading', async () => {
    const unread = request(chunks(new Error('was read')), { 'content-length': '99999999' });
    await expect(readBody(unread, 10)).rejects.toMatchObject({
      code: 413,
      message: 'Request entity too large: limit is 10',
    });
  });

  test('stops reading once over the limit', async () => {
    const endless = async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024);
    };
    await expect(readBody(request(endless()), 10)).rejects.toMatchObject({ code: 413 });
  });

  test('a broken or short body is a bad request', async () => {
    await expect(readBody(request(chunks('a', new Error('reset'))))).rejects.toMatchObject({ code: 400 });
    await expect(readBody(request(chunks('a'), { 'content-length': '2' }))).rejects.toMatchObject({ code: 400 });
  });
});

test('bodyFormat', () => {
  expect(bodyFormat(undefined)).toBe('json');
  expect(bodyFormat('application/json; charset=utf-8')).toBe('json');
  expect(bodyFormat('application/yaml')).toBe('yaml');
  expect(bodyFormat('application/vnd.kubernetes.protobuf')).toBe('protobuf');
  expect(() => bodyFormat('text/html')).toThrow(/accepted media types include: application\/json/);
});
