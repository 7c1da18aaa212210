/**
 * `npm test`: every layer of tests from the bottom but the virtual machines (`npm run test:vm`), then one plain line with the true
 * counts.
 * Stops at nothing: a failing layer does not hide the next one. Exit code 1 when anything failed.
 *
 *   node tools/test.ts            all layers
 *   node tools/test.ts unit sim   some of them
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { add, type Counts } from './layers/counts.ts';
import { isLayer, type Lane, layers, planStages } from './layers/plan.ts';
import { isToldToEnd, runLane } from './layers/run-lane.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const words = process.argv.slice(2);
const unknown = words.filter((word) => !isLayer(word));
if (unknown.length > 0) {
  console.error(`there is no layer ${unknown.join(', ')}; there are ${layers.join(', ')}`);
  process.exit(2);
}
const wanted = words.filter(isLayer);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

if (wanted.length === 0) {
  check('types', [join(bin, 'tsc'), '--noEmit', '-p', '.']);
  check('lint', ['npm', 'run', '--silent', 'lint']);
}
if (wanted.length === 0 || wanted.includes('vm')) {
  check('packages', [process.execPath, join(root, 'tools/install-test-packages.ts')]);
}
const e2e = globSync('test/e2e/*.test.ts', { cwd: root });
for (const stage of planStages(wanted, new Map(e2e.map((file) => [file, readFileSync(join(root, file), 'utf8')])))) {
  if (isToldToEnd()) break;
  await Promise.all(stage.map((lane) => run(lane, stage.length > 1)));
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

async function run(lane: Lane, besideOthers: boolean): Promise<void> {
  const startMs = performance.now();
  const counts = await runLane(lane, besideOthers ? `${lane.name} |` : undefined);
  add(total, counts);
  const { passed, failed, skipped } = counts;
  console.log(`${lane.name}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds(startMs)})\n`);
}

function seconds(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
