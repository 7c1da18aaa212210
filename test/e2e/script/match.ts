import { expect } from 'vitest';
import type { Expected } from './step.ts';

const placeholders: Readonly<Record<string, string>> = {
  age: '(?:<invalid>|(?:\\d+[smhdy])+)',
  id: '[a-z0-9-]+',
  ip: '\\d+\\.\\d+\\.\\d+\\.\\d+',
  word: '\\S+',
  any: '.*',
  from: '(?: from \\S+ namespace)?',
  number: '\\d+',
};

const terminalColours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

const tidy = (text: string): string =>
  text
    .replace(terminalColours, '')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .join('\n')
    .trim();

/** The expected text as a regular expression. */
function source(text: string, namespace: string): string {
  return tidy(text)
    .split(/(<[a-z]+>)/)
    .map((part) => {
      if (part === '<ns>') return namespace;
      const known = /^<([a-z]+)>$/.exec(part)?.[1];
      return (known && placeholders[known]) ?? part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    })
    .join('');
}

export interface Printed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Throws with both sides when something differs. */
export function check(printed: Printed, expected: Expected, namespace: string): void {
  const { code = 0, out, has = [], lacks = [], err } = expected;
  const all = `stdout:\n${printed.stdout}\nstderr:\n${printed.stderr}`;
  if (code !== 'any') expect(printed.code, all).toBe(code);
  const stdout = tidy(printed.stdout);
  if (out !== undefined) expect(stdout, all).toMatch(new RegExp(`^${source(out, namespace)}$`));
  for (const line of has) expect(stdout, all).toMatch(new RegExp(source(line, namespace)));
  for (const line of lacks) expect(stdout, all).not.toMatch(new RegExp(source(line, namespace)));
  if (err !== undefined) expect(tidy(printed.stderr), all).toMatch(new RegExp(source(err, namespace)));
}

/** Whether `text` appears in what has been printed so far. */
export const appears = (printed: string, text: string, namespace: string): boolean =>
  new RegExp(source(text, namespace)).test(tidy(printed));
