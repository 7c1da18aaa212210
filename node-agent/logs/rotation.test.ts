import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { RuntimeError } from '../runtime/errors.ts';
import type { Container, ContainerStatus } from '../runtime/runtime.ts';
import { removeLog, rotateLogs } from './rotation.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-rotation-'));
  path = join(folder, '0.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

function setUp(state: Container['state'] = 'running') {
  const clock = createVirtualClock();
  const reopened: string[] = [];
  const failures: Error[] = [];
  const status: ContainerStatus = {
    id: 'c1',
    sandboxId: 's',
    name: 'main',
    attempt: 0,
    image: '',
    imageRef: '',
    state,
    createdAtMs: 0,
    labels: {},
    annotations: {},
    startedAtMs: 0,
    finishedAtMs: 0,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: path,
  };
  const runtime = {
    listContainers: async () => [status],
    containerStatus: async () => status,
    reopenLog: async (id: string) => {
      const failure = failures.shift();
      if (failure) throw failure;
      reopened.push(id);
      writeFileSync(path, '', { flag: 'a' });
    },
  };
  const signal = new AbortController().signal;
  const rotate = () => rotateLogs({ runtime, clock, log: createSilentLog(), bytesMax: 10, filesMax: 3 }, signal);
  return { clock, reopened, failures, rotate };
}

describe('rotateLogs', () => {
  it('leaves short logs and containers that do not run alone', async () => {
    writeFileSync(path, 'short');
    const running = setUp();
    await running.rotate();
    expect(running.reopened).toEqual([]);
    writeFileSync(path, 'much longer than ten');
    await setUp('exited').rotate();
    expect(readdirSync(folder)).toEqual(['0.log']);
  });

  it('keeps as many files as it is told, the newest', async () => {
    const { clock, reopened, rotate } = setUp();
    for (let round = 0; round < 5; round += 1) {
      writeFileSync(path, `round ${round} of five`);
      await rotate();
      await clock.advance(1000);
    }
    expect(reopened).toHaveLength(5);
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(3);
    expect(files.map((file) => readFileSync(join(folder, file), 'utf8'))).toEqual([
      '',
      'round 3 of five',
      'round 4 of five',
    ]);
  });

  it('takes the rename back when the runtime does not follow', async () => {
    const { failures, rotate } = setUp();
    writeFileSync(path, 'much longer than ten');
    failures.push(new RuntimeError('unavailable', 'down'));
    await rotate();
    expect(readdirSync(folder)).toEqual(['0.log']);
    expect(readFileSync(path, 'utf8')).toBe('much longer than ten');
  });

  it('tells the runtime again when the log was renamed but never opened', async () => {
    const { reopened, rotate } = setUp();
    await rotate();
    expect(reopened).toEqual(['c1']);
    expect(existsSync(path)).toBe(true);
  });

  it('removes every file of a log', async () => {
    const { rotate } = setUp();
    writeFileSync(path, 'much longer than ten');
    await rotate();
    await removeLog(path);
    expect(readdirSync(folder)).toEqual([]);
  });
});
