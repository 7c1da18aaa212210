import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { HostError } from '../errors.ts';
import type { HostLayout } from '../layout.ts';
import type { ProcessKeeper } from './keeper.ts';
import { isAlive, readLivePid } from './pid.ts';

/** What the supervisor needs: what to run, and where its pid and log are. */
export interface SupervisedProcess {
  readonly name: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** Keeps processes with supervise.sh: they come back when they end, but not after a reboot. */
export function createSupervisorKeeper({ runDir }: Pick<HostLayout, 'runDir'>, clock: Clock): ProcessKeeper {
  const known = (name: string) => ({ name, runDir, command: [''] as const });
  return {
    kind: 'supervisor',
    start: (processes) =>
      processes.filter((process) => startSupervised(process) === 'started').map((process) => process.name),
    stop: (name) => stopSupervised(known(name), clock, stopGraceMs),
    states: (names) =>
      new Map(
        names.map((name) => [name, { kept: supervisorPid(known(name)) !== undefined, pid: processPid(known(name)) }]),
      ),
    forget() {},
  };
}

const stopGraceMs = 15_000;

const script = join(import.meta.dirname, 'supervise.sh');

/** The pid of its supervisor, when that is running. */
export const supervisorPid = (process: Pick<SupervisedProcess, 'name' | 'runDir'>): number | undefined =>
  readLivePid(join(process.runDir, `${process.name}.supervisor.pid`), {
    arguments: [script, process.name, process.runDir],
  });

/** The pid of the process itself; undefined while it is down. */
export const processPid = (process: Pick<SupervisedProcess, 'name' | 'runDir' | 'command'>): number | undefined =>
  readLivePid(join(process.runDir, `${process.name}.pid`), {
    arguments: process.command[0] ? [process.command[0]] : [],
  });

/** Starts it in a session of its own, so that it outlives us and the terminal. Does nothing when it runs already. */
export function startSupervised(process: SupervisedProcess): 'started' | 'already running' {
  if (supervisorPid(process)) return 'already running';
  mkdirSync(process.runDir, { recursive: true, mode: 0o755 });
  const log = openSync(process.logFile, 'a', 0o640);
  const child = spawn('/bin/sh', [script, process.name, process.runDir, process.logFile, ...process.command], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: { ...globalThis.process.env, ...process.env },
  });
  child.unref();
  return 'started';
}

/** Asks the supervisor to end its process and itself, and waits. After `graceMs` both are killed. */
export async function stopSupervised(
  process: Pick<SupervisedProcess, 'name' | 'runDir' | 'command'>,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  const pids = [supervisorPid(process), processPid(process)].filter((pid) => pid !== undefined);
  const [supervisor] = pids;
  if (supervisor === undefined) return;
  for (const pid of pids) signalProcess(pid, 'SIGTERM');
  if (await waitUntil(() => !pids.some(isAlive), clock, graceMs)) return;
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  if (!(await waitUntil(() => !pids.some(isAlive), clock, 5_000))) {
    throw new HostError(`${process.name} (pid ${pids.join(', ')}) does not end`, 'It may hang on a disk; see dmesg');
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    globalThis.process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Polls every 20 ms; false when `budgetMs` is over first. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  clock: Clock,
  budgetMs: number,
): Promise<boolean> {
  const endMs = clock.monotonicMs() + budgetMs;
  while (!(await condition())) {
    if (clock.monotonicMs() > endMs) return false;
    await clock.sleep(20);
  }
  return true;
}
