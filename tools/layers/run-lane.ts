import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Counts, countsOf } from './counts.ts';
import type { Lane } from './plan.ts';

const root = join(import.meta.dirname, '../..');
const running = new Set<ChildProcess>();
let told = false;
/** Somebody wants all of it to end. */
export const isToldToEnd = (): boolean => told;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    told = true;
    for (const child of running) child.kill(signal);
  });
}

/** Runs the lane in a vitest of its own. `prefix` goes before each line of its output; without one it has the terminal. */
export async function runLane(lane: Lane, prefix: string | undefined): Promise<Counts> {
  const report = join(root, '.cache', `report-${lane.name.replaceAll(/\W+/g, '-')}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const args = [
    ...['run', '--project', lane.layer, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...(lane.without ?? []).flatMap((file) => ['--exclude', file]),
    ...(lane.only ?? []),
  ];
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    stdio: prefix === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(prefix !== undefined && process.stdout.isTTY && { FORCE_COLOR: '1' }) },
  });
  running.add(child);
  // Its workers, which it has yet to start, inherit it.
  if (lane.yields && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => console.log(`${prefix} ${line}`));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  running.delete(child);
  return countsOf(report, exitCode);
}
