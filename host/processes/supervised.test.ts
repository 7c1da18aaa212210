import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { isAlive } from './pid.ts';
import {
  processPid,
  type SupervisedProcess,
  startSupervised,
  stopSupervised,
  supervisorPid,
  waitUntil,
} from './supervised.ts';

const clock = createRealClock();
let folder: string;
let sleeper: SupervisedProcess;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-supervised-'));
  sleeper = { name: 'sleeper', runDir: folder, logFile: join(folder, 'log'), command: ['/bin/sleep', '1000'] };
});
afterEach(async () => {
  await stopSupervised(sleeper, clock, 5_000);
  rmSync(folder, { recursive: true });
});

const running = async (one: SupervisedProcess): Promise<number> => {
  await waitUntil(() => processPid(one) !== undefined, clock, 5_000);
  return processPid(one) ?? 0;
};

describe('a supervised process', () => {
  it('is started once', async () => {
    expect(startSupervised(sleeper)).toBe('started');
    const pid = await running(sleeper);
    expect(startSupervised(sleeper)).toBe('already running');
    expect(processPid(sleeper)).toBe(pid);
  });

  it('comes back when it is killed, and the log says so', async () => {
    startSupervised(sleeper);
    const pid = await running(sleeper);
    process.kill(pid, 'SIGKILL');
    expect(await waitUntil(() => ![undefined, pid].includes(processPid(sleeper)), clock, 5_000)).toBe(true);
    expect(readFileSync(sleeper.logFile, 'utf8')).toContain('sleeper ended with code 137, starting it again');
  });

  it('ends together with its supervisor, and its pid files go', async () => {
    startSupervised(sleeper);
    const pid = await running(sleeper);
    const supervisor = supervisorPid(sleeper) ?? 0;
    await stopSupervised(sleeper, clock, 5_000);
    expect([pid, supervisor].map(isAlive)).toEqual([false, false]);
    expect([supervisorPid(sleeper), processPid(sleeper)]).toEqual([undefined, undefined]);
  });

  it('is killed when it does not listen to SIGTERM', async () => {
    const deaf: SupervisedProcess = {
      ...sleeper,
      command: ['/bin/sh', '-c', "trap '' TERM; while :; do sleep 1; done"],
    };
    startSupervised(deaf);
    const pid = await running(deaf);
    await clock.sleep(100); // The trap is set by the shell's first command; there is nothing to observe from outside.
    await stopSupervised(deaf, clock, 300);
    expect(isAlive(pid)).toBe(false);
  });

  it('does not take a reused pid for its own', () => {
    writeFileSync(join(folder, 'sleeper.pid'), String(process.pid));
    writeFileSync(join(folder, 'sleeper.supervisor.pid'), '1');
    expect(processPid(sleeper)).toBeUndefined();
    expect(supervisorPid(sleeper)).toBeUndefined();
  });
});
