import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  container,
  exited,
  observedOf,
  sampleContainer,
  sampleMemory,
  samplePod,
  sampleSandbox,
  startMs,
} from '../testing/pod-samples.ts';
import type { Action, PodSituation } from './action.ts';
import { containerMemory, createPodMemory, type PodMemory } from './memory.ts';
import { nextStep } from './next-step.ts';
import { nothingObserved, type ObservedPod } from './observed.ts';
import type { ApiPod } from './pod-model.ts';

const situation = (more: Partial<PodSituation>): PodSituation => ({
  pod: samplePod(),
  gone: false,
  observed: nothingObserved,
  memory: sampleMemory('main'),
  nowMs: startMs + 2_000,
  ...more,
});

/** An action in a few words. */
function inWords(action: Action): string {
  switch (action.kind) {
    case 'wait':
      return action.untilMs === undefined ? 'wait' : `wait ${action.untilMs - startMs}`;
    case 'create-sandbox':
      return `create-sandbox ${action.attempt}`;
    case 'pull-image':
      return `pull ${action.container.spec.name}`;
    case 'start-container':
      return `start ${action.container.spec.name} ${action.start.attempt} back-off ${action.start.backOffMs}`;
    case 'stop-containers':
      return `stop ${action.stops.map((stop) => `${stop.container.id} in ${stop.graceSeconds}`).join(', ')}`;
    case 'stop-sandboxes':
    case 'remove-sandboxes':
    case 'remove-containers':
      return `${action.kind} ${action.ids.join(' ')}`;
    case 'fail':
      return `fail ${action.reason}`;
    default:
      return action.kind;
  }
}

interface Case {
  readonly name: string;
  readonly pod?: ApiPod;
  readonly gone?: boolean;
  readonly observed?: ObservedPod;
  readonly memory?: PodMemory;
  readonly atMs?: number;
  readonly step: string;
}

const memoryWith = (change: Partial<PodMemory> | ((memory: PodMemory) => void), ...ready: string[]): PodMemory => {
  const memory = sampleMemory(...ready);
  if (typeof change === 'function') change(memory);
  else Object.assign(memory, change);
  return memory;
};
const deleted = (seconds: number, spec = {}): ApiPod =>
  samplePod(spec, {
    metadata: { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: seconds },
  });
const withInit = {
  initContainers: [container('one'), container('side', { restartPolicy: 'Always' }), container('two')],
};
const sideStarted = (memory: PodMemory): void =>
  void memory.probes.set('side-0', { started: true, ready: true, failed: undefined });

const cases: readonly Case[] = [
  { name: 'first the place', memory: createPodMemory(), step: 'prepare-place' },
  { name: 'then the image', memory: sampleMemory(), step: 'pull main' },
  { name: 'then the sandbox', step: 'create-sandbox 0' },
  {
    name: 'the sandbox does not wait for the image',
    memory: memoryWith((memory) => memory.containers.set('main', { image: { kind: 'pulling' }, waiting: undefined })),
    step: 'create-sandbox 0',
  },
  { name: 'then the container', observed: observedOf([]), step: 'start main 0 back-off 0' },
  { name: 'then nothing', observed: observedOf([sampleContainer('main')]), step: 'wait' },
  {
    name: 'a failed pull is tried again in its time',
    observed: observedOf([]),
    memory: memoryWith((memory) =>
      memory.containers.set('main', {
        image: { kind: 'failed', reason: 'ImagePullBackOff', message: '', retryAtMs: startMs + 9_000 },
        waiting: undefined,
      }),
    ),
    step: 'wait 9000',
  },
  {
    name: 'a first failure is followed at once',
    observed: observedOf([exited('main', 1)]),
    step: 'start main 1 back-off 10000',
  },
  {
    name: 'a second one after 10 s',
    observed: observedOf([exited('main', 1, { attempt: 1, backOffMs: 10_000 })]),
    step: 'wait 11000',
  },
  {
    name: 'and then with twice the pause',
    observed: observedOf([exited('main', 1, { attempt: 1, backOffMs: 10_000 })]),
    atMs: 11_000,
    step: 'start main 2 back-off 20000',
  },
  {
    name: 'a clock that was set back by hours prolongs no pause',
    observed: observedOf([exited('main', 1, { attempt: 1, backOffMs: 10_000 })]),
    atMs: -7_200_000,
    step: 'start main 2 back-off 20000',
  },
  {
    name: 'nor the one after a failed start',
    observed: observedOf([]),
    memory: memoryWith((memory) => {
      memory.retries.set('start:main', { failures: 1, notBeforeMs: startMs + 500 });
    }, 'main'),
    atMs: -7_200_000,
    step: 'start main 0 back-off 0',
  },
  {
    name: 'nor that after a failed pull',
    memory: memoryWith((memory) => {
      const image = { kind: 'failed' as const, reason: 'ErrImagePull', message: '', retryAtMs: startMs + 10_000 };
      containerMemory(memory, 'main').image = image;
    }, 'main'),
    atMs: -7_200_000,
    step: 'pull main',
  },
  {
    name: 'ten minutes of running are forgiven',
    observed: observedOf([exited('main', 1, { attempt: 5, backOffMs: 160_000, finishedAtMs: startMs + 600_000 })]),
    atMs: 600_000,
    step: 'start main 6 back-off 10000',
  },
  {
    name: 'OnFailure does not restart success',
    pod: samplePod({ restartPolicy: 'OnFailure', containers: [container('main'), container('other')] }),
    observed: observedOf([exited('main', 0), sampleContainer('other')]),
    step: 'wait',
  },
  {
    name: 'a pod that has ended gives back its network',
    pod: samplePod({ restartPolicy: 'Never' }),
    observed: observedOf([exited('main', 0)]),
    step: 'stop-sandboxes sandbox-0',
  },
  {
    name: 'and then its place',
    pod: samplePod({ restartPolicy: 'Never' }),
    observed: observedOf([exited('main', 0)], [sampleSandbox({ ready: false })]),
    step: 'release-place',
  },
  {
    name: 'and then rests',
    pod: samplePod({ restartPolicy: 'Never' }),
    observed: observedOf([exited('main', 0)], [sampleSandbox({ ready: false })]),
    memory: memoryWith({ place: 'none' }),
    step: 'wait',
  },
  {
    name: 'sidecars of a finished pod are stopped',
    pod: samplePod({ restartPolicy: 'Never', initContainers: [container('side', { restartPolicy: 'Always' })] }),
    observed: observedOf([exited('main', 0), sampleContainer('side')]),
    step: 'stop side-0 in 30',
  },
  {
    name: 'init: the first one first',
    pod: samplePod(withInit),
    observed: observedOf([]),
    memory: sampleMemory('one', 'side', 'two', 'main'),
    step: 'start one 0 back-off 0',
  },
  {
    name: 'init: the second waits',
    pod: samplePod(withInit),
    observed: observedOf([sampleContainer('one')]),
    step: 'wait',
  },
  {
    name: 'init: a failed one is tried again',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 1)]),
    memory: sampleMemory('one'),
    step: 'start one 1 back-off 10000',
  },
  {
    name: 'init: a failure is final when nothing restarts',
    pod: samplePod({ ...withInit, restartPolicy: 'Never' }),
    observed: observedOf([exited('one', 1)]),
    step: 'stop-sandboxes sandbox-0',
  },
  {
    name: 'init: the sidecar next',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 0)]),
    memory: sampleMemory('side'),
    step: 'start side 0 back-off 0',
  },
  {
    name: 'init: nothing passes a sidecar that has not started',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 0), sampleContainer('side')]),
    memory: sampleMemory('two'),
    step: 'wait',
  },
  {
    name: 'init: on once it has',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 0), sampleContainer('side')]),
    memory: memoryWith(sideStarted, 'two'),
    step: 'start two 0 back-off 0',
  },
  {
    name: 'init: main after all',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 0), sampleContainer('side'), exited('two', 0)]),
    memory: memoryWith(sideStarted, 'main'),
    step: 'start main 0 back-off 0',
  },
  {
    name: 'a sidecar that ends comes back while main runs',
    pod: samplePod(withInit),
    observed: observedOf([exited('one', 0), exited('side', 0), exited('two', 0), sampleContainer('main')]),
    memory: sampleMemory('side'),
    step: 'start side 1 back-off 10000',
  },
  {
    name: 'a new sandbox for one that died',
    observed: observedOf([exited('main', 137)], [sampleSandbox({ ready: false })]),
    step: 'create-sandbox 1',
  },
  {
    name: 'init runs again in a new sandbox',
    pod: samplePod({ initContainers: [container('one')] }),
    observed: observedOf(
      [exited('one', 0), exited('main', 137)],
      [sampleSandbox({ attempt: 1 }), sampleSandbox({ ready: false })],
    ),
    memory: sampleMemory('one', 'main'),
    step: 'start one 1 back-off 10000',
  },
  {
    name: 'what lives outside the sandbox is stopped first',
    observed: observedOf([sampleContainer('main')], [sampleSandbox({ ready: false })]),
    step: 'stop main-0 in 30',
  },
  {
    name: 'of two of one name the older is stopped',
    observed: observedOf([sampleContainer('main', { attempt: 1 }), sampleContainer('main')]),
    step: 'stop main-0 in 30',
  },
  {
    name: 'of two sandboxes the older is stopped',
    observed: observedOf([], [sampleSandbox({ attempt: 1 }), sampleSandbox()]),
    step: 'stop-sandboxes sandbox-0',
  },
  {
    name: 'made but never started: away with it',
    observed: observedOf([sampleContainer('main', { state: 'created' })]),
    step: 'remove-containers main-0',
  },
  {
    name: 'nobody knows what it does: stop it',
    observed: observedOf([sampleContainer('main', { state: 'unknown' })]),
    step: 'stop main-0 in 30',
  },
  {
    name: 'another image is another container',
    pod: samplePod({ containers: [container('main', { image: 'registry.example/app:2' })] }),
    observed: observedOf([sampleContainer('main')]),
    step: 'stop main-0 in 30',
  },
  {
    name: 'liveness failed: with the grace period of the probe',
    observed: observedOf([sampleContainer('main')]),
    memory: memoryWith((memory) =>
      memory.probes.set('main-0', { started: true, ready: true, failed: { probe: 'liveness', graceSeconds: 7 } }),
    ),
    step: 'stop main-0 in 7',
  },
  {
    name: 'old dead containers are collected',
    observed: observedOf([
      sampleContainer('main', { attempt: 3 }),
      exited('main', 1, { attempt: 2 }),
      exited('main', 1, { attempt: 1 }),
      exited('main', 1),
    ]),
    step: 'remove-containers main-0',
  },
  {
    name: 'and sandboxes that nothing is left in',
    observed: observedOf(
      [sampleContainer('main', { sandboxId: 'sandbox-1' })],
      [sampleSandbox({ attempt: 1 }), sampleSandbox({ ready: false })],
    ),
    step: 'remove-sandboxes sandbox-0',
  },
  {
    name: 'counts go on from what the API server remembers',
    pod: samplePod(
      {},
      {
        status: {
          containerStatuses: [
            {
              name: 'main',
              image: '',
              imageID: '',
              ready: true,
              restartCount: 4,
              containerID: 'containerd://x',
              state: { running: {} },
            },
          ],
        },
      },
    ),
    observed: observedOf([]),
    step: 'start main 5 back-off 0',
  },
  {
    name: 'a deleted pod is stopped in its time',
    pod: deleted(12),
    observed: observedOf([sampleContainer('main')]),
    step: 'stop main-0 in 12',
  },
  {
    name: 'the time that has passed counts',
    pod: deleted(12),
    observed: observedOf([sampleContainer('main')]),
    memory: memoryWith({ stoppingSinceMs: startMs - 3_000 }),
    step: 'stop main-0 in 7',
  },
  {
    name: 'never without a moment',
    pod: deleted(0),
    observed: observedOf([sampleContainer('main')]),
    step: 'stop main-0 in 2',
  },
  {
    name: 'sidecars end after the others, the last one first',
    pod: deleted(30, {
      initContainers: [container('a', { restartPolicy: 'Always' }), container('b', { restartPolicy: 'Always' })],
    }),
    observed: observedOf([sampleContainer('a'), sampleContainer('b'), exited('main', 0)]),
    step: 'stop b-0 in 30',
  },
  { name: 'then everything is removed', pod: deleted(30), observed: observedOf([exited('main', 0)]), step: 'clear' },
  {
    name: 'then the object',
    pod: deleted(30),
    memory: memoryWith({ cleared: true }),
    step: 'delete-object',
  },
  {
    name: 'then nothing, while others hold finalizers',
    pod: deleted(30),
    memory: memoryWith((memory) => {
      memory.cleared = true;
      memory.deleteRequested = true;
    }),
    step: 'wait',
  },
  {
    name: 'a pod that vanished is stopped',
    gone: true,
    observed: observedOf([sampleContainer('main')]),
    step: 'stop main-0 in 30',
  },
  { name: 'and forgotten', gone: true, memory: memoryWith({ cleared: true }), step: 'forget' },
  {
    name: 'the deadline ends a pod',
    pod: samplePod({ activeDeadlineSeconds: 2 }, { status: { startTime: '2026-01-01T00:00:00Z' } }),
    observed: observedOf([sampleContainer('main')]),
    step: 'fail DeadlineExceeded',
  },
  {
    name: 'and is waited for',
    pod: samplePod({ activeDeadlineSeconds: 60 }, { status: { startTime: '2026-01-01T00:00:00Z' } }),
    observed: observedOf([sampleContainer('main')]),
    step: 'wait 60000',
  },
  {
    name: 'a refused pod starts nothing',
    memory: memoryWith((memory) => {
      memory.failure = { reason: 'OutOfcpu', message: '' };
      memory.place = 'none';
    }),
    step: 'wait',
  },
  {
    name: 'patience after a failure',
    memory: memoryWith(
      (memory) => memory.retries.set('sandbox', { failures: 1, notBeforeMs: startMs + 2_500 }),
      'main',
    ),
    step: 'wait 2500',
  },
];

describe('the next step of a pod', () => {
  test.each(cases)('$name', ({ pod, gone, observed, memory, atMs, step }) => {
    const found = nextStep(
      situation({
        ...(pod && { pod }),
        ...(gone && { gone }),
        ...(observed && { observed }),
        ...(memory && { memory }),
        ...(atMs !== undefined && { nowMs: startMs + atMs }),
      }),
    );
    expect(inWords(found)).toBe(step);
  });
});

test('a container is started only where no other of its name lives, and only in the current sandbox', () => {
  const arbitraryContainer = fc.record({
    name: fc.constantFrom('one', 'side', 'two', 'main'),
    attempt: fc.nat(3),
    state: fc.constantFrom('created' as const, 'running' as const, 'exited' as const, 'unknown' as const),
    exitCode: fc.nat(1),
    sandboxId: fc.constantFrom('sandbox-0', 'sandbox-1'),
  });
  const arbitrary = fc.record({
    containers: fc.uniqueArray(arbitraryContainer, {
      maxLength: 8,
      selector: ({ name, attempt }) => `${name}${attempt}`,
    }),
    ready: fc.tuple(fc.boolean(), fc.boolean()),
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    started: fc.boolean(),
  });
  fc.assert(
    fc.property(arbitrary, ({ containers, ready, restartPolicy, started }) => {
      const observed = observedOf(
        containers
          .toSorted((a, b) => b.attempt - a.attempt)
          .map((one) => sampleContainer(one.name, { ...one, id: `${one.name}-${one.attempt}`, finishedAtMs: startMs })),
        [sampleSandbox({ attempt: 1, ready: ready[1] }), sampleSandbox({ ready: ready[0] })],
      );
      const memory = sampleMemory('one', 'side', 'two', 'main');
      if (started)
        for (const { id } of observed.containers) memory.probes.set(id, { started, ready: true, failed: undefined });
      const step = nextStep(
        situation({ pod: samplePod({ ...withInit, restartPolicy }), observed, memory, nowMs: startMs + 1e9 }),
      );
      if (step.kind !== 'start-container') return;
      const { name } = step.container.spec;
      expect(observed.containers.some((one) => one.name === name && one.state !== 'exited')).toBe(false);
      expect(observed.sandboxes.find((sandbox) => sandbox.ready)?.id).toBe(step.start.sandboxId);
      expect(observed.containers.every((one) => one.name !== name || one.attempt < step.start.attempt)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
