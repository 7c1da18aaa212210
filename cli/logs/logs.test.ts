import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wholeLines } from './lines.ts';
import { createPrefixer } from './prefix.ts';
import { logQuery } from './query.ts';

async function linesOf(chunks: readonly (Buffer | string)[], maxBytes?: number): Promise<string[]> {
  const lines: string[] = [];
  const source = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  for await (const line of wholeLines(source, maxBytes)) lines.push(line.toString('latin1'));
  return lines;
}

describe('wholeLines', () => {
  test('keeps empty lines and gives the last one its newline', async () => {
    expect(await linesOf(['a\n\nb'])).toEqual(['a\n', '\n', 'b\n']);
    expect(await linesOf([])).toEqual([]);
  });

  test('does not care how the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.array(fc.nat(20), { maxLength: 20 }), async (text, sizes) => {
        const bytes = Buffer.from(text);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        const joined = (await linesOf(chunks)).join('');
        const expected = bytes.toString('latin1');
        expect(joined).toBe(expected === '' || expected.endsWith('\n') ? expected : `${expected}\n`);
      }),
    );
  });

  test('breaks a line without end, so that memory has one', async () => {
    const lines = await linesOf(['x'.repeat(10), 'y'.repeat(10), 'z\n'], 16);
    expect(lines).toEqual([`${'x'.repeat(10)}${'y'.repeat(10)}\n`, 'z\n']);
  });
});

describe('the prefix', () => {
  const stdout = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

  test('is plain where nobody looks on, and with NO_COLOR', () => {
    expect(createPrefixer({ stdout: stdout(false), env: {} })(0, 'web-1', 'nginx')).toBe('[pod/web-1/nginx] ');
    expect(createPrefixer({ stdout: stdout(true), env: { NO_COLOR: '1' } })(0, 'web-1', 'nginx')).toBe(
      '[pod/web-1/nginx] ',
    );
  });

  test('has a colour per stream on a terminal', () => {
    const prefixOf = createPrefixer({ stdout: stdout(true), env: {} });
    expect(prefixOf(0, 'a', 'c')).toBe('\u001b[36m[pod/a/c]\u001b[0m ');
    expect(prefixOf(1, 'a', 'c')).not.toBe(prefixOf(0, 'a', 'c'));
  });
});

describe('logQuery', () => {
  test('shows all of one pod, and the last ten lines of those behind a selector', () => {
    expect(logQuery({}, false).tailLines).toBeUndefined();
    expect(logQuery({}, true).tailLines).toBe(10);
    expect(logQuery({ tail: '-1' }, true).tailLines).toBeUndefined();
    expect(logQuery({ tail: '0' }, false).tailLines).toBe(0);
  });

  test('rounds up to seconds', () => {
    expect(logQuery({ since: '1500ms' }, false).sinceSeconds).toBe(2);
    expect(logQuery({ since: '1h' }, false).sinceSeconds).toBe(3600);
  });

  test.each([
    [{ since: '1m', sinceTime: '2026-01-01T00:00:00Z' }, 'at most one of --since and --since-time'],
    [{ tail: 'x' }, '--tail must be a whole number'],
    [{ tail: '-2' }, '--tail must be a whole number'],
    [{ limitBytes: '0' }, '--limit-bytes must be a whole number from 1'],
    [{ sinceTime: 'yesterday' }, '--since-time must be a time'],
    [{ since: 'soon' }, '--since must be a duration'],
  ])('refuses %j', (flags, message) => {
    expect(() => logQuery(flags, false)).toThrow(message);
  });
});
