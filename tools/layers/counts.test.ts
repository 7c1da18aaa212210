import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { countsOf } from './counts.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function report(text: string): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, text);
  return file;
}
const good = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };

test('what the report says', () => {
  expect(countsOf(report(JSON.stringify(good)), 0)).toEqual({ passed: 5, failed: 0, skipped: 2 });
  expect(countsOf(report(JSON.stringify({ ...good, numFailedTests: 3 })), 1)).toMatchObject({ passed: 5, failed: 3 });
});

test('an error outside of every test is a failure', () => {
  expect(countsOf(report(JSON.stringify(good)), 1)).toEqual({ passed: 5, failed: 1, skipped: 2 });
  expect(countsOf(report(JSON.stringify(good)), null)).toEqual({ passed: 5, failed: 1, skipped: 2 });
});

test('no report, or half of one, is a failure whatever the exit code', () => {
  const nothing = { passed: 0, failed: 1, skipped: 0 };
  expect(countsOf(join(folder, 'none'), 0)).toEqual(nothing);
  expect(countsOf(report('{"numPassedTests": 5'), 0)).toEqual(nothing);
  expect(countsOf(report('null'), 0)).toEqual(nothing);
});
