import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { ContainerEventType } from '#proto/generated/cri/runtime.ts';
import { eventually } from '#test/harness/eventually.ts';
import { containerStates, type FakeCri, type FakeCriOptions, startFakeCri } from '#test/harness/fake-cri.ts';
import { RuntimeError } from '../errors.ts';
import type { ContainerRuntime, RuntimeEvent } from '../runtime.ts';
import { createCriRuntime } from './runtime.ts';

let folder: string;
let socketPath: string;
const cleanUp: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-cri-'));
  socketPath = join(folder, 'cri.sock');
});
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
  rmSync(folder, { recursive: true });
});

async function startServer(options: Partial<FakeCriOptions> = {}): Promise<FakeCri> {
  const fake = await startFakeCri({ socketPath, criEvents: false, containerdEvents: false, ...options });
  cleanUp.push(() => fake.close());
  return fake;
}

function connect(): ContainerRuntime {
  const runtime = createCriRuntime({ socketPath, clock: createRealClock(), log: createSilentLog() });
  cleanUp.push(() => runtime.close());
  return runtime;
}

function follow(runtime: ContainerRuntime) {
  const seen: RuntimeEvent[] = [];
  const stop = new AbortController();
  const result = (async () => {
    for await (const event of runtime.events(stop.signal)) seen.push(event);
  })().then(
    () => 'ended',
    (error: unknown) => (error instanceof RuntimeError ? error.code : String(error)),
  );
  return { seen, result, stop: () => stop.abort() };
}

const { CONTAINER_RUNNING: running, CONTAINER_EXITED: exited } = containerStates;

describe('events', () => {
  it('come from the CRI where it has them', async () => {
    const fake = await startServer({ criEvents: true, containerdEvents: true });
    const follower = follow(connect());
    await eventually(() => fake.subscribers === 1, { everyMs: 5 });
    fake.sendCriEvent('c1', ContainerEventType.CONTAINER_STOPPED_EVENT);
    await eventually(() => follower.seen.length > 0, { everyMs: 5 });
    expect(follower.seen[0]).toEqual({ kind: 'stopped', containerId: 'c1', podUid: 'pod' });
    follower.stop();
    expect(await follower.result).toBe('ended');
    await eventually(() => fake.subscribers === 0, { everyMs: 5 });
  });

  it('come from containerd itself where the CRI has none', async () => {
    const fake = await startServer({ containerdEvents: true });
    fake.containers.set('c1', running);
    const follower = follow(connect());
    await eventually(() => fake.subscribers === 1, { everyMs: 5 });
    fake.sendTaskExit('c1', { execId: 'some-exec' });
    fake.containers.set('c1', exited);
    fake.sendTaskExit('c1');
    await eventually(() => follower.seen.length > 0, { everyMs: 5 });
    expect(follower.seen).toEqual([{ kind: 'stopped', containerId: 'c1', podUid: 'pod' }]);
    follower.stop();
    await follower.result;
  });

  it('wait until the runtime itself has taken note of an exit', async () => {
    const fake = await startServer({ containerdEvents: true });
    fake.containers.set('c1', running);
    const follower = follow(connect());
    await eventually(() => fake.subscribers === 1, { everyMs: 5 });
    fake.sendTaskExit('c1');
    await createRealClock().sleep(30);
    expect(follower.seen).toEqual([]);
    fake.containers.set('c1', exited);
    await eventually(() => follower.seen.length === 1, { everyMs: 5 });
    follower.stop();
    await follower.result;
  });

  it('tell of an exit whose task is never deleted', async () => {
    const fake = await startServer({ containerdEvents: true });
    fake.containers.set('c1', exited);
    const follower = follow(connect());
    await eventually(() => fake.subscribers === 1, { everyMs: 5 });
    fake.sendTaskExit('c1', { deletion: false });
    await eventually(() => follower.seen.length === 1, { everyMs: 20 });
    follower.stop();
    await follower.result;
  });

  it('come from looking once a second where there is no other way', async () => {
    const fake = await startServer();
    fake.containers.set('c1', running);
    const follower = follow(connect());
    // Each of the three sources looks before it follows.
    await eventually(() => fake.looks >= 3, { everyMs: 5 });
    fake.containers.set('c2', running);
    await eventually(() => follower.seen.some(({ containerId }) => containerId === 'c2'), { everyMs: 20 });
    fake.containers.delete('c1');
    fake.containers.set('c2', exited);
    await eventually(() => follower.seen.length >= 4, { everyMs: 20 });
    expect(follower.seen.map(({ kind, containerId }) => `${containerId} ${kind}`)).toEqual([
      'c2 created',
      'c2 started',
      'c2 stopped',
      'c1 deleted',
    ]);
    follower.stop();
    await follower.result;
  });

  it.each([
    { criEvents: true, containerdEvents: false },
    { criEvents: false, containerdEvents: true },
    { criEvents: false, containerdEvents: false },
  ])('end with `unavailable` when the runtime goes away (%j)', async (options) => {
    const fake = await startServer(options);
    const follower = follow(connect());
    if (options.criEvents || options.containerdEvents) await eventually(() => fake.subscribers === 1, { everyMs: 5 });
    fake.close();
    expect(await follower.result).toBe('unavailable');
  });
});

describe('calls', () => {
  it('say that no runtime answers, and succeed once one does', async () => {
    const runtime = connect();
    await expect(runtime.version()).rejects.toMatchObject({ name: 'RuntimeError', code: 'unavailable' });
    const first = await startServer();
    await eventually(() => runtime.version(), { everyMs: 20 });
    first.close();
    await eventually(async () => {
      await expect(runtime.version()).rejects.toMatchObject({ code: 'unavailable' });
    });
    await startServer();
    expect(await eventually(() => runtime.version(), { everyMs: 20 })).toEqual({ name: 'fake', version: '1' });
  });

  it.each([
    [status.NOT_FOUND, 'not-found'],
    [status.ALREADY_EXISTS, 'already-exists'],
    [status.INVALID_ARGUMENT, 'invalid'],
    [status.DEADLINE_EXCEEDED, 'timeout'],
    [status.UNKNOWN, 'failed'],
    [status.INTERNAL, 'failed'],
  ])("gRPC's code %d is %s, with the runtime's words", async (code, expected) => {
    const fake = await startServer();
    fake.versionError = { code, details: 'in its words' };
    await expect(connect().version()).rejects.toMatchObject({ code: expected, message: 'in its words' });
  });

  it('are cancelled at the runtime when they are given up', async () => {
    const fake = await startServer();
    fake.hangVersion = true;
    const given = new AbortController();
    const call = connect().version(given.signal);
    setTimeout(() => given.abort(new Error('enough')), 50);
    await expect(call).rejects.toMatchObject({ code: 'failed', message: 'Version was given up: enough' });
    await eventually(() => fake.cancelled === 1, { everyMs: 5 });
  });

  it('of a closed runtime fail at once', async () => {
    await startServer();
    const runtime = connect();
    await runtime.close();
    await expect(runtime.version()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('of what the runtime does not know are a plain failure', async () => {
    await startServer();
    await expect(connect().status()).rejects.toMatchObject({ code: 'failed' });
  });
});
