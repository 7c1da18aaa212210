/**
 * `npm test`: every layer of tests from the bottom but the virtual machines (`npm run test:vm`), then one plain line with the true
 * counts.
 * Stops at nothing: a failing layer does not hide the next one. Exit code 1 when anything failed.
 *
 *   node tools/test.ts            all layers
 *   node tools/test.ts unit sim   some of them
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const layers = ['unit', 'integration', 'sim', 'e2e', 'vm'];
/** Virtual machines without hardware support take as long as everything else together: they run when they are named. */
const onRequest = ['vm'];
const wanted = process.argv.slice(2);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

if (wanted.length === 0) {
  check('types', [join(bin, 'tsc'), '--noEmit', '-p', '.']);
  check('lint', ['npm', 'run', '--silent', 'lint']);
}
if (wanted.length === 0 || wanted.includes('vm')) {
  check('packages', [process.execPath, join(root, 'tools/install-test-packages.ts')]);
}
for (const layer of layers.filter((one) => (wanted.length === 0 ? !onRequest.includes(one) : wanted.includes(one)))) {
  runLayer(layer);
}
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** A check counts as one test: a type error must not pass unseen. */
function check(name: string, command: readonly string[]): void {
  const startMs = performance.now();
  const [program = '', ...args] = command;
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  const ok = result.status === 0;
  total[ok ? 'passed' : 'failed'] += 1;
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name} (${seconds(startMs)})`);
}

function runLayer(layer: string): void {
  const startMs = performance.now();
  const report = join(root, '.cache', `report-${layer}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const result = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', layer, ...reporters],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  const counts = readReport(report);
  // Vitest ends with an error for what belongs to no test too: an unhandled rejection, a file that cannot be loaded.
  if (result.status !== 0 && counts.failed === 0) counts.failed = 1;
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key];
  console.log(
    `${layer}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds(startMs)})\n`,
  );
}

function readReport(file: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  if (!existsSync(file)) return counts;
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const count = (name: string): number => {
    const value: unknown = typeof report === 'object' && report !== null ? Reflect.get(report, name) : 0;
    return typeof value === 'number' ? value : 0;
  };
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests'),
    skipped: count('numPendingTests') + count('numTodoTests'),
  };
}

function seconds(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
