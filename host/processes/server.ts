import { join } from 'node:path';
import type { HostLayout } from '../layout.ts';
import type { BackgroundProcess } from './keeper.ts';
import { podsStopSeconds } from './systemd/machine-stop.ts';

/** `berth server`, from this checkout and on this Node. */
export const serverProcess = (layout: HostLayout): BackgroundProcess => ({
  ...ownProcess(layout, 'server', serverNodeFlags),
  purpose: "API server, scheduler, controllers and this machine's agent",
  after: ['etcd', 'containerd', 'fence'],
});

/** `berth agent`, on a machine that has joined. */
export const agentProcess = (layout: HostLayout): BackgroundProcess => ({
  ...ownProcess(layout, 'agent', agentNodeFlags),
  purpose: "this machine's agent",
  after: ['containerd', 'fence'],
});

const ownProcess = (
  layout: HostLayout,
  name: 'server' | 'agent',
  flags: readonly string[],
): Omit<BackgroundProcess, 'purpose'> => ({
  name,
  stopSeconds: podsStopSeconds + 10,
  runDir: layout.runDir,
  logFile: join(layout.logDir, `${name}.log`),
  command: [process.execPath, ...flags, join(import.meta.dirname, '../../cli/main.ts'), name],
  env: { ...(layout.home && { BERTH_HOME: layout.home }), MALLOC_ARENA_MAX: '2' },
});

/**
 * A smaller young generation, and with MALLOC_ARENA_MAX fewer heaps of the C library, cost a little speed under load and
 * save tens of megabytes when idle (docs/decisions/0007).
 */
export const serverNodeFlags: readonly string[] = ['--max-semi-space-size=4'];

/**
 * An agent has little to compute, and runs on every machine: memory before speed. Without the optimizing compilers, whose own
 * code weighs 8 MB once it is used, what it does very often takes up to three times as long (docs/decisions/0007). What is called
 * 200 times, not 8, is observed and compiled at all.
 */
export const agentNodeFlags: readonly string[] = [
  ...serverNodeFlags,
  '--optimize-for-size',
  '--no-maglev',
  '--no-opt',
  '--invocation-count-for-feedback-allocation=200',
];
