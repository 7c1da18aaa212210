import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { eventually } from '#test/harness/eventually.ts';
import { rotatedName } from './files.ts';
import { type LogOptions, readLogs } from './reader.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-logs-'));
  path = join(folder, '0.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = createRealClock();
const stamp = (second: number) => `2026-01-01T00:00:${String(second % 60).padStart(2, '0')}.123456789Z`;
const line = (text: string, second = 0, stream = 'stdout', tag = 'F') => `${stamp(second)} ${stream} ${tag} ${text}\n`;
const lines = (from: number, to: number) => {
  let text = '';
  for (let n = from; n < to; n += 1) text += line(`line ${n}`, n);
  return text;
};

async function read(options: Partial<LogOptions> = {}): Promise<string> {
  const context = { clock, signal: new AbortController().signal, isRunning: async () => false };
  const chunks: Buffer[] = [];
  for await (const chunk of readLogs(path, { follow: false, timestamps: false, ...options }, context))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function follow(options: Partial<LogOptions> = {}) {
  const stop = new AbortController();
  const state = { text: '', running: true };
  const context = { clock, signal: stop.signal, isRunning: async () => state.running };
  const ended = (async () => {
    const all = readLogs(path, { follow: true, timestamps: false, ...options }, context);
    for await (const chunk of all) state.text += chunk.toString();
  })();
  return { state, ended, stop: () => stop.abort() };
}

describe('readLogs', () => {
  it('gives the content without times and streams', async () => {
    writeFileSync(path, line('one') + line('two', 1, 'stderr') + line('', 2));
    expect(await read()).toBe('one\ntwo\n\n');
  });

  it('is empty where there is no log', async () => {
    expect(await read()).toBe('');
    expect(await read({ tailLines: 3 })).toBe('');
  });

  it('writes the times before the lines when asked', async () => {
    writeFileSync(path, line('one', 7));
    expect(await read({ timestamps: true })).toBe(`${stamp(7)} one\n`);
  });

  it('can keep to one stream', async () => {
    writeFileSync(path, line('one') + line('two', 1, 'stderr'));
    expect(await read({ streams: 'stderr' })).toBe('two\n');
  });

  it('joins lines that the runtime cut, each stream for itself', async () => {
    writeFileSync(
      path,
      line('a1-', 1, 'stdout', 'P') + line('b\u00e9', 2, 'stderr') + line('a2-', 3, 'stdout', 'P') + line('a3', 4),
    );
    expect(await read({ timestamps: true })).toBe(`${stamp(2)} b\u00e9\n${stamp(1)} a1-a2-a3\n`);
  });

  it('leaves out what is not in the format', async () => {
    writeFileSync(
      path,
      `garbage\n\n${line('good')}2026-01-01T00:00:00Z stdin F x\n${'x'.repeat(3_000_000)}\n${line('end')}`,
    );
    expect(await read()).toBe('good\nend\n');
  });

  it('leaves out lines before the given time', async () => {
    writeFileSync(path, lines(0, 10));
    expect(await read({ sinceMs: Date.parse('2026-01-01T00:00:08.000Z') })).toBe('line 8\nline 9\n');
  });

  it('stops after the given number of bytes, in the middle of a line if need be', async () => {
    writeFileSync(path, lines(0, 10));
    expect(await read({ limitBytes: 10 })).toBe('line 0\nlin');
    expect(await read({ limitBytes: 0 })).toBe('');
  });

  it('reads rotated files first', async () => {
    writeFileSync(rotatedName(path, 1_000_000), lines(0, 2));
    writeFileSync(rotatedName(path, 2_000_000), lines(2, 4));
    writeFileSync(path, lines(4, 5));
    expect(await read()).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
    expect(await read({ tailLines: 3 })).toBe('line 2\nline 3\nline 4\n');
    expect(await read({ tailLines: 100 })).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
  });

  it('finds the last lines of any log, wherever blocks and cut lines begin', async () => {
    const text = fc.stringMatching(/^[a-z ]{0,80}$/);
    const parts = fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(50), async (all, count) => {
        const content = all.map((pieces) =>
          pieces.map((p, i) => line(p, i, 'stdout', i < pieces.length - 1 ? 'P' : 'F')).join(''),
        );
        writeFileSync(path, content.join(''));
        const expected = count === 0 ? [] : all.slice(-count).map((pieces) => `${pieces.join('')}\n`);
        expect(await read({ tailLines: count })).toBe(expected.join(''));
      }),
      { numRuns: 60 },
    );
  });

  it('finds the last lines of a big log without reading all of it', async () => {
    const filler = line('x'.repeat(1000)).repeat(30_000);
    writeFileSync(path, `${filler}${lines(0, 3)}`);
    expect(await read({ tailLines: 2 })).toBe('line 1\nline 2\n');
    expect((await read({ tailLines: 200 })).length).toBe(197 * 1001 + 21);
  });

  it('reads a line that is longer than a block', async () => {
    writeFileSync(path, line('y'.repeat(200_000)) + line('z'));
    expect((await read()).length).toBe(200_003);
    expect((await read({ tailLines: 2 })).length).toBe(200_003);
  });
});

describe('readLogs, following', () => {
  it('gives what is written later, whole lines only, until the container has ended', async () => {
    writeFileSync(path, lines(0, 1));
    const follower = follow();
    await eventually(() => follower.state.text === 'line 0\n', { everyMs: 5 });
    appendFileSync(path, line('half').slice(0, -3));
    appendFileSync(path, 'lf\n');
    appendFileSync(path, line('last'));
    follower.state.running = false;
    await follower.ended;
    expect(follower.state.text).toBe('line 0\nhalf\nlast\n');
  });

  it('waits for a log that is not there yet', async () => {
    const follower = follow();
    writeFileSync(path, lines(0, 2));
    await eventually(() => follower.state.text.includes('line 1'), { everyMs: 5 });
    follower.stop();
    await follower.ended;
  });

  it('ends when it is told to', async () => {
    writeFileSync(path, lines(0, 1));
    const follower = follow();
    await eventually(() => follower.state.text !== '', { everyMs: 5 });
    follower.stop();
    await follower.ended;
  });

  it('neither loses nor repeats a line when the log is rotated under it, again and again', async () => {
    writeFileSync(path, '');
    const follower = follow();
    let written = 0;
    for (let round = 0; round < 6; round += 1) {
      appendFileSync(path, lines(written, written + 500));
      written += 500;
      const old = rotatedName(path, clock.now() + round);
      renameSync(path, old);
      // The runtime goes on with the old file until it is told of the new one, and a little longer.
      appendFileSync(old, lines(written, written + 10));
      written += 10;
      writeFileSync(path, '');
      appendFileSync(old, lines(written, written + 10));
      written += 10;
      appendFileSync(path, lines(written, written + 1));
      written += 1;
      const waitFor = written;
      if (round % 2 === 0)
        await eventually(() => follower.state.text.includes(`line ${waitFor - 1}\n`), { everyMs: 5 });
    }
    follower.state.running = false;
    await follower.ended;
    const expected = Array.from({ length: written }, (_, n) => `line ${n}\n`).join('');
    expect(follower.state.text).toBe(expected);
  });
});
