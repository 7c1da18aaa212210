import { expect, test } from 'vitest';
import type { V1Service } from '#api/generated/types.ts';
import { observedOf, sampleContainer, sampleMemory, samplePod, startMs } from '../testing/pod-samples.ts';
import type { Action } from './action.ts';
import type { PodMemory } from './memory.ts';
import { nextStep } from './next-step.ts';
import type { ApiPod } from './pod-model.ts';
import { noteWithdrawal, stoppingSince } from './withdrawal.ts';

const settings = { waitMaxMs: 10_000, settleMs: 500 };
const service = (spec: V1Service['spec'] = {}, namespace = 'default'): V1Service => ({
  metadata: { name: 'web', namespace },
  spec: { selector: { app: 'web' }, ...spec },
});
const withdrawn = { type: 'berth.dev/EndpointsWithdrawn', status: 'True' };

interface Leaving {
  readonly ready?: boolean;
  readonly done?: boolean;
  readonly grace?: number;
  readonly hostNetwork?: boolean;
  readonly phase?: string;
  readonly ip?: string | undefined;
}

const leaving = ({
  ready = true,
  done = false,
  grace = 30,
  hostNetwork = false,
  phase = 'Running',
  ...more
}: Leaving = {}): ApiPod =>
  samplePod(
    { hostNetwork, terminationGracePeriodSeconds: grace },
    {
      metadata: {
        namespace: 'default',
        labels: { app: 'web' },
        deletionTimestamp: '2026-01-01T00:00:30Z',
        deletionGracePeriodSeconds: grace,
      },
      status: {
        phase,
        podIP: 'ip' in more ? more.ip : '10.42.0.2',
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }, ...(done ? [withdrawn] : [])],
      },
    },
  );

/** What the worker does at each of these moments, in words. */
function play(
  moments: readonly {
    readonly atMs: number;
    readonly pod?: ApiPod;
    readonly services?: readonly V1Service[];
    readonly gone?: boolean;
    readonly fence?: 'stop';
  }[],
  waitMaxMs = settings.waitMaxMs,
): string[] {
  const memory: PodMemory = sampleMemory('main');
  const observed = observedOf([sampleContainer('main')]);
  return moments.map(({ atMs, pod = leaving(), services = [service()], gone = false, fence }) => {
    const nowMs = startMs + atMs;
    noteWithdrawal(memory, pod, nowMs, { settings: { ...settings, waitMaxMs }, services: () => services });
    return inWords(nextStep({ pod, gone, observed, memory, nowMs, ...(fence && { fence }) }));
  });
}

const inWords = (action: Action): string => {
  if (action.kind === 'wait') return `wait until ${(action.untilMs ?? 0) - startMs}`;
  if (action.kind === 'stop-containers') return `stop in ${action.stops.map(({ graceSeconds }) => graceSeconds)}`;
  return action.kind;
};

test('waits until no node sends to it, and a little longer', () => {
  const steps = play([
    { atMs: 0 },
    { atMs: 400 },
    { atMs: 420, pod: leaving({ done: true }) },
    { atMs: 919, pod: leaving({ done: true }) },
    { atMs: 920, pod: leaving({ done: true }) },
  ]);
  expect(steps).toEqual(['wait until 500', 'wait until 900', 'wait until 920', 'wait until 920', 'stop in 30']);
});

test('waits no longer than it may, and the time counts', () => {
  expect(play([{ atMs: 0 }, { atMs: 9_900 }, { atMs: 10_000 }])).toEqual([
    'wait until 500',
    'wait until 10000',
    'stop in 20',
  ]);
  expect(play([{ atMs: 0 }, { atMs: 300 }, { atMs: 300 }], 300)).toEqual([
    'wait until 300',
    'stop in 30',
    'stop in 30',
  ]);
});

test('takes half of the grace period at most', () => {
  const pod = leaving({ grace: 4 });
  expect(
    play([
      { atMs: 0, pod },
      { atMs: 1_900, pod },
      { atMs: 2_000, pod },
    ]),
  ).toEqual(['wait until 500', 'wait until 2000', 'stop in 2']);
});

test('who has nothing to wait for does not wait', () => {
  for (const pod of [
    leaving({ ready: false }),
    leaving({ hostNetwork: true }),
    leaving({ ip: undefined }),
    leaving({ grace: 0 }),
  ])
    expect(play([{ atMs: 0, pod }])[0]).toMatch(/^stop/);
  for (const services of [
    [],
    [service({ selector: {} })],
    [service({ selector: { app: 'other' } })],
    [service({}, 'elsewhere')],
    [service({ publishNotReadyAddresses: true })],
  ])
    expect(play([{ atMs: 0, services }])[0]).toMatch(/^stop/);
  expect(play([{ atMs: 0 }], 0)[0]).toMatch(/^stop/);
  expect(play([{ atMs: 0, gone: true }])[0]).toMatch(/^stop/);
  expect(play([{ atMs: 0, fence: 'stop' }])[0]).toMatch(/^stop/);
});

test('a pod that becomes unready while it waits still waits', () => {
  const unready = leaving({ ready: false });
  expect(play([{ atMs: 0 }, { atMs: 100, pod: unready }])).toEqual(['wait until 500', 'wait until 600']);
});

test('waits no longer once there is no service any more, or once it is deleted by force', () => {
  expect(play([{ atMs: 0 }, { atMs: 500, services: [] }])).toEqual(['wait until 500', 'stop in 30']);
  expect(play([{ atMs: 0 }, { atMs: 200, pod: leaving({ grace: 0 }) }])[1]).toMatch(/^stop/);
  expect(play([{ atMs: 0 }, { atMs: 200, gone: true }])[1]).toMatch(/^stop/);
});

test('an agent that comes back finds out again: nothing more to wait for but the settling', () => {
  const pod = leaving({ done: true });
  expect(
    play([
      { atMs: 0, pod },
      { atMs: 500, pod },
    ]),
  ).toEqual(['wait until 500', 'stop in 30']);
});

test('a clock that is set back does not make it wait anew', () => {
  expect(play([{ atMs: 0 }, { atMs: -60_000 }])[1]).toMatch(/^stop/);
});

test('the grace period runs from the moment the deletion was seen', () => {
  const memory = sampleMemory('main');
  expect(stoppingSince(memory)).toBeUndefined();
  noteWithdrawal(memory, leaving(), startMs, { settings, services: () => [service()] });
  expect(stoppingSince(memory)).toBe(startMs);
});
