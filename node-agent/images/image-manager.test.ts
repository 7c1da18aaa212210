import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { createHollowRuntime } from '../runtime/hollow/runtime.ts';
import { createImageManager, formatDuration } from './image-manager.ts';

type Policy = 'Always' | 'IfNotPresent' | 'Never';

function setUp(options: { pullsMax?: number } = {}) {
  const clock = createVirtualClock();
  const runtime = createHollowRuntime({ clock, imagesPresent: false, missingImages: ['r.io/missing:1'] });
  const manager = createImageManager({ runtime, clock, ...options });
  const events: string[] = [];
  const life = new AbortController();
  const begin = (image: string, imagePullPolicy?: Policy, uid = 'u1', signal = life.signal) =>
    manager.ensure(
      {
        pod: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'p', namespace: 'd', uid, resourceVersion: '1', creationTimestamp: '' },
        },
        container: {
          role: 'main',
          spec: { name: 'c', image, ...(imagePullPolicy ? { imagePullPolicy } : {}) },
          restartPolicy: 'Always',
        },
        pullSecrets: [],
        emit: (type, reason, message) => events.push(`${type} ${reason} ${message}`),
      },
      signal,
    );
  const finish = async <T>(action: Promise<T>): Promise<T> => {
    let done = false;
    const settled = action.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    await clock.runUntil(() => done, 60_000);
    return settled;
  };
  const ensure = (image: string, policy?: Policy) => finish(begin(image, policy));
  const pulls = () => runtime.calls.filter(({ method }) => method === 'pullImage').length;
  return { clock, runtime, events, begin, finish, ensure, pulls, life };
}

describe('pull policies', () => {
  it('IfNotPresent pulls once', async () => {
    const { ensure, events, pulls } = setUp();
    expect(await ensure('r.io/a:1', 'IfNotPresent')).toMatchObject({
      kind: 'ready',
      image: expect.stringMatching(/^sha256:/),
    });
    await ensure('r.io/a:1', 'IfNotPresent');
    expect(pulls()).toBe(1);
    expect(events).toEqual([
      'Normal Pulling Pulling image "r.io/a:1"',
      'Normal Pulled Successfully pulled image "r.io/a:1" in 500ms (500ms including waiting). Image size: 10485760 bytes.',
      'Normal Pulled Container image "r.io/a:1" already present on machine',
    ]);
  });

  it('Always pulls each time', async () => {
    const { ensure, pulls } = setUp();
    await ensure('r.io/a:1', 'Always');
    await ensure('r.io/a:1', 'Always');
    expect(pulls()).toBe(2);
  });

  it('Never does not pull', async () => {
    const { ensure, events, pulls } = setUp();
    expect(await ensure('r.io/a:1', 'Never')).toMatchObject({
      kind: 'failed',
      reason: 'ErrImageNeverPull',
      message: 'Container image "r.io/a:1" is not present with pull policy of Never',
    });
    expect(pulls()).toBe(0);
    expect(events).toHaveLength(2);
  });

  it('a name that is none is not asked for', async () => {
    const { ensure, runtime } = setUp();
    expect(await ensure('Not A Name')).toMatchObject({ kind: 'failed', reason: 'InvalidImageName' });
    expect(runtime.calls).toEqual([]);
  });

  it('a runtime that does not answer is not a registry that does not', async () => {
    const { ensure, runtime, pulls } = setUp();
    runtime.injectError('imageStatus', new RuntimeError('unavailable', 'down'));
    expect(await ensure('r.io/a:1')).toMatchObject({ kind: 'failed', reason: 'ImageInspectError' });
    expect(pulls()).toBe(0);
  });
});

describe('failed pulls', () => {
  it('are told, then waited for longer and longer', async () => {
    const { clock, ensure, pulls, events } = setUp();
    const first = await ensure('r.io/missing:1');
    expect(first).toMatchObject({
      kind: 'failed',
      reason: 'ErrImagePull',
      message: expect.stringContaining('not found'),
    });
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const waiting = await ensure('r.io/missing:1');
      if (waiting.kind !== 'failed') throw new Error('it cannot be ready');
      expect(waiting.reason).toBe('ImagePullBackOff');
      expect(waiting.message).toMatch(/^Back-off pulling image "r.io\/missing:1": ErrImagePull: .*not found/);
      waits.push(Math.round((waiting.retryAtMs - clock.now()) / 1000));
      await clock.advance(waiting.retryAtMs - clock.now());
      expect(await ensure('r.io/missing:1')).toMatchObject({ reason: 'ErrImagePull' });
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(pulls()).toBe(8);
    expect(events).toContain('Normal BackOff Back-off pulling image "r.io/missing:1"');
    expect(events).toContain('Warning Failed Error: ImagePullBackOff');
  });

  it('are forgotten when one succeeds', async () => {
    const { clock, ensure, runtime } = setUp();
    await ensure('r.io/missing:1', 'Always');
    runtime.setImageMissing('r.io/missing:1', false);
    await clock.advance(10_000);
    expect(await ensure('r.io/missing:1', 'Always')).toMatchObject({ kind: 'ready' });
    expect(await ensure('r.io/missing:1', 'Always')).toMatchObject({ kind: 'ready' });
  });

  it('of one pod do not hold up another', async () => {
    const { ensure, begin, finish } = setUp();
    await ensure('r.io/missing:1');
    expect(await finish(begin('r.io/missing:1', 'Always', 'u2'))).toMatchObject({ reason: 'ErrImagePull' });
  });
});

describe('pulls that meet', () => {
  it('of one image are one', async () => {
    const { begin, finish, pulls } = setUp();
    const outcomes = await finish(
      Promise.all([begin('r.io/a:1'), begin('r.io/a:1', undefined, 'u2'), begin('r.io/a:1')]),
    );
    expect(outcomes.every(({ kind }) => kind === 'ready')).toBe(true);
    expect(pulls()).toBe(1);
  });

  it('of many images wait for a free place', async () => {
    const { clock, begin, finish } = setUp({ pullsMax: 2 });
    const startMs = clock.now();
    await finish(Promise.all(Array.from({ length: 6 }, (_, n) => begin(`r.io/i:${n}`))));
    expect(clock.now() - startMs).toBe(1500);
  });

  it('go on while anybody waits, and end when nobody does', async () => {
    const { clock, begin, finish, pulls } = setUp();
    const leaver = new AbortController();
    const left = begin('r.io/a:1', 'Always', 'u1', leaver.signal);
    const stays = begin('r.io/a:1', 'Always', 'u2');
    left.catch(() => {});
    await clock.advance(100);
    leaver.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await finish(stays)).toMatchObject({ kind: 'ready' });
    const alone = new AbortController();
    const given = begin('r.io/b:1', 'Always', 'u1', alone.signal);
    given.catch(() => {});
    await clock.advance(100);
    alone.abort(new Error('gone'));
    await expect(given).rejects.toThrow();
    expect(await finish(begin('r.io/b:1', 'Always'))).toMatchObject({ kind: 'ready' });
    expect(pulls()).toBe(3);
  });
});

describe('formatDuration', () => {
  it.each([
    [3, '3ms'],
    [1250, '1.25s'],
    [123_500, '2m3.5s'],
    [3_723_000, '1h2m3s'],
  ])('%d', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
