import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { containerConfig, sandboxConfig } from '#test/contract/runtime.ts';
import { RuntimeError } from '../errors.ts';
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import { createAddressPool } from './addresses.ts';
import { parseCommand, parseWords } from './program.ts';
import { createHollowRuntime, type HollowRuntimeOptions } from './runtime.ts';

const place = { image: 'nginx', cgroupParent: '/c', logRoot: '/l' };

function setUp(change: Partial<HollowRuntimeOptions> = {}) {
  const clock = createVirtualClock();
  const runtime = createHollowRuntime({ clock, ...change });
  const finish = async <T>(action: Promise<T>): Promise<T> => {
    let done = false;
    const settled = action.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    await clock.runUntil(() => done, 1_000_000);
    return settled;
  };
  let pods = 0;
  const start = async (container: Partial<ContainerConfig> = {}, sandbox: Partial<SandboxConfig> = {}) => {
    const config = sandboxConfig(place, `p${pods++}`, sandbox);
    const sandboxId = await finish(runtime.runSandbox(config));
    const id = await finish(runtime.createContainer(sandboxId, containerConfig(place, container), config));
    await finish(runtime.startContainer(id));
    return { sandboxId, id };
  };
  return { clock, runtime, finish, start };
}

describe('programs', () => {
  const forever = Number.POSITIVE_INFINITY;

  it.each([
    ['run=5 exit=3', 0, { runMs: 5000, exitCode: 3 }],
    ['exit=1,1,0', 0, { runMs: 0, exitCode: 1 }],
    ['exit=1,1,0', 7, { exitCode: 0 }],
    ['exit=oom run=2', 0, { exitCode: 137, reason: 'OOMKilled' }],
    ['ready-after=3', 0, { runMs: forever, readyAfterMs: 3000 }],
    ['run=forever ignore-term', 0, { runMs: forever, ignoresTerm: true }],
  ])('of the annotation %j, attempt %d', (words, attempt, expected) => {
    expect(parseWords(words, attempt)).toMatchObject(expected);
  });

  it.each(['nonsense', 'run=x', 'ready-after=-1'])('refuse %j', (words) => {
    expect(() => parseWords(words, 0)).toThrow('hollow program');
  });

  it.each([
    [['sleep', '2'], { runMs: 2000, exitCode: 0 }],
    [['sh', '-c', 'echo hi; sleep 1 && exit 4'], { runMs: 1000, exitCode: 4 }],
    [['/bin/sh', '-c', 'sleep infinity'], { runMs: forever }],
    [['false'], { runMs: 0, exitCode: 1 }],
    [['nginx', '-g', 'daemon off;'], { runMs: forever }],
    [[], { runMs: forever }],
  ])('of the command %j', (command, expected) => {
    expect(parseCommand(command.join(' ') === '' ? ['nginx'] : command)).toMatchObject(expected);
  });
});

describe('the hollow runtime', () => {
  it('takes the time that it is told to', async () => {
    const { clock, finish, runtime } = setUp({ durations: { runSandbox: 123 } });
    const startMs = clock.now();
    await finish(runtime.runSandbox(sandboxConfig(place, 'p')));
    expect(clock.now() - startMs).toBe(123);
  });

  it('is the same for one seed', async () => {
    const run = async () => {
      const { clock, start, runtime } = setUp({ random: createSeededRandom(7) });
      await start();
      await start();
      return { now: clock.now(), calls: runtime.calls };
    };
    expect(await run()).toEqual(await run());
  });

  it('fails the next call, before it did anything or after it did everything', async () => {
    const { runtime, finish } = setUp();
    const config = sandboxConfig(place, 'p');
    runtime.injectError('runSandbox', new RuntimeError('unavailable', 'one'));
    runtime.injectError('runSandbox', new RuntimeError('timeout', 'two'), 'after');
    await expect(finish(runtime.runSandbox(config))).rejects.toThrow('one');
    expect(await runtime.listSandboxes()).toHaveLength(0);
    await expect(finish(runtime.runSandbox(config))).rejects.toThrow('two');
    expect(await runtime.listSandboxes()).toHaveLength(1);
  });

  it('writes down every call, in order, and not too many', async () => {
    const { runtime, start } = setUp({ callsMax: 3 });
    const { id } = await start();
    await runtime.containerStatus(id);
    expect(runtime.calls.map(({ method }) => method)).toEqual(['createContainer', 'startContainer', 'containerStatus']);
  });

  it('runs programs of annotations, each container its own', async () => {
    const annotations = { 'hollow.berth.dev/program': 'run=1 exit=2', 'hollow.berth.dev/program.other': 'exit=oom' };
    const { clock, runtime, start } = setUp();
    const { id } = await start({}, { annotations });
    const other = await start({ name: 'other' }, { annotations });
    await clock.advance(2000);
    expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 2, reason: 'Error' });
    expect(await runtime.containerStatus(other.id)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  it('serves when the program does', async () => {
    const { clock, runtime, start, finish } = setUp();
    const { id } = await start({}, { annotations: { 'hollow.berth.dev/program': 'ready-after=5' } });
    expect(runtime.isServing(id)).toBe(false);
    expect((await finish(runtime.execSync(id, ['x'], 1))).exitCode).toBe(1);
    await clock.advance(5000);
    expect(runtime.isServing(id)).toBe(true);
    runtime.exitContainer(id, 0);
    expect(runtime.isServing(id)).toBe(false);
  });

  it('answers commands as it is told', async () => {
    const { runtime, start, finish } = setUp();
    const { id } = await start();
    runtime.setExec((_container, command) =>
      command[0] === 'slow'
        ? new RuntimeError('timeout', 'too slow')
        : { exitCode: 9, stdout: Buffer.from(command.join(' ')), stderr: Buffer.alloc(0) },
    );
    expect((await finish(runtime.execSync(id, ['a', 'b'], 1))).stdout.toString()).toBe('a b');
    await expect(finish(runtime.execSync(id, ['slow'], 1))).rejects.toMatchObject({ code: 'timeout' });
  });

  it('says that it cannot stream', async () => {
    const { runtime } = setUp();
    await expect(runtime.portForwardUrl('s', [80])).rejects.toThrow('no processes');
  });

  it('ends subscriptions when it is disconnected', async () => {
    const { runtime } = setUp();
    const reading = (async () => {
      for await (const _event of runtime.events(new AbortController().signal));
    })();
    reading.catch(() => {});
    await Promise.resolve();
    runtime.disconnect();
    await expect(reading).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('addresses', () => {
  it('are given out in turn, come back, and end', () => {
    const pool = createAddressPool('10.42.5.0/29');
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['10.42.5.2', '10.42.5.3', '10.42.5.4']);
    pool.give('10.42.5.2');
    expect([pool.take(), pool.take(), pool.take()]).toEqual(['10.42.5.5', '10.42.5.6', '10.42.5.2']);
    expect(() => pool.take()).toThrow('no IP addresses left');
  });
});
