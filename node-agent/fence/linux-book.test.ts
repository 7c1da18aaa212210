import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLinuxBook, parseDeadline, parsePods, uptimeMs } from './linux-book.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-book-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('finds what an earlier process of the same boot has left', () => {
  const book = createLinuxBook(folder);
  expect(book.load()).toEqual({ deadlineMs: undefined, pods: new Map() });
  const deadlineMs = book.uptimeMs() + 6_000;
  book.saveDeadline(deadlineMs);
  book.savePods(new Map([['uid-1', '/berth/poduid-1']]));
  expect(createLinuxBook(folder).load()).toEqual({
    deadlineMs: Math.floor(deadlineMs / 10) * 10,
    pods: new Map([['uid-1', '/berth/poduid-1']]),
  });
});

it('does not believe a deadline of another boot: its uptime began elsewhere', () => {
  writeFileSync(join(folder, 'deadline'), '11111111-2222-3333-4444-555555555555 99999999\n');
  expect(createLinuxBook(folder).load().deadlineMs).toBeUndefined();
});

it('has no deadline once contact is lost', () => {
  const book = createLinuxBook(folder);
  book.saveDeadline(0);
  expect(readFileSync(join(folder, 'deadline'), 'utf8')).toMatch(/ 0\n$/);
  expect(book.load().deadlineMs).toBe(0);
});

it('reads files as they are, and no more', () => {
  expect(parseDeadline('b 4711\n', 'b')).toBe(47_110);
  for (const text of ['', 'b', 'b -1', 'b 1e9', 'b x', 'c 1', `b ${'9'.repeat(40)}`])
    expect(parseDeadline(text, 'b')).toBeUndefined();
  expect(parsePods('a /x\nb\n\nc y\nd /z more\ne /w\n')).toEqual(
    new Map([
      ['a', '/x'],
      ['e', '/w'],
    ]),
  );
  expect(uptimeMs('4711.25 9000.11\n')).toBe(4_711_250);
});
