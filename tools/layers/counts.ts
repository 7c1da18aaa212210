import { existsSync, readFileSync } from 'node:fs';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * What a vitest process did, from its report and its exit code. An error that belongs to no test (an unhandled rejection, a
 * file that cannot be loaded, a process that was killed) and a report that is missing count as one failed test.
 */
export function countsOf(report: string, exitCode: number | null): Counts {
  const counts = read(report);
  if (!counts) return { passed: 0, failed: 1, skipped: 0 };
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

export function add(total: Counts, { passed, failed, skipped }: Counts): void {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

function read(file: string): Counts | undefined {
  if (!existsSync(file)) return undefined;
  const report = parse(readFileSync(file, 'utf8'));
  if (typeof report !== 'object' || report === null) return undefined;
  const count = (name: string): number => {
    const value: unknown = Reflect.get(report, name);
    return typeof value === 'number' ? value : 0;
  };
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests'),
    skipped: count('numPendingTests') + count('numTodoTests'),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The process ended while it wrote.
  }
}
