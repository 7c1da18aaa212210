import { describe, expect, it } from 'vitest';
import { breaches } from './rules.ts';

describe('tidy rules', () => {
  it.each([
    ['api/x.ts', 'const now = Date.now();'],
    ['client/x.ts', 'setTimeout(run, 5);'],
    ['node-agent/x.ts', 'const id = Math.random();'],
    ['host/x.ts', 'const value = thing as unknown as string;'],
    ['cli/x.ts', '// FIXME later'],
    ['api/x.test.ts', "it.only('x', () => {});"],
    ['node-agent/x.ts', "import { createServer } from 'node:http';"],
  ])('refuses in %s: %s', (file, line) => {
    expect(breaches(file, line)).toHaveLength(1);
  });

  it.each([
    ['base/real/clock.ts', 'now: () => Date.now(),'],
    ['host/x.ts', 'const now = Date.now();'],
    ['api/x.ts', "const text = 'Math.random';"],
    ['api/x.ts', 'const at = new Date(ms);'],
    ['client/x.ts', 'clock.setTimer(5, run);'],
    ['client/x.ts', "import type { IncomingMessage } from 'node:http';"],
  ])('accepts in %s: %s', (file, line) => {
    expect(breaches(file, line)).toEqual([]);
  });

  it('names the line where a file is too long', () => {
    expect(breaches('api/x.ts', 'a;\n'.repeat(501))).toMatchObject([{ line: 500 }]);
  });
});
