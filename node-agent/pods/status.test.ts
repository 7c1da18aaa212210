import { describe, expect, test } from 'vitest';
import type { V1PodStatus } from '#api/generated/types.ts';
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
import type { StatusInput } from './container-state.ts';
import { nothingObserved } from './observed.ts';
import { sameJson } from './same-json.ts';
import { podStatus } from './status.ts';

const statusOf = (more: Partial<StatusInput>): V1PodStatus =>
  podStatus({
    pod: samplePod(),
    observed: nothingObserved,
    memory: sampleMemory(),
    nowMs: startMs + 2_000,
    ending: false,
    hostIps: ['192.0.2.1'],
    ...more,
  });

const runningMemory = (id = 'main-0', ready = true) => {
  const memory = sampleMemory();
  memory.podIps = ['10.42.0.2'];
  memory.probes.set(id, { started: true, ready, failed: undefined });
  return memory;
};

const condition = (status: V1PodStatus, type: string) => status.conditions?.find((one) => one.type === type);
const main = (status: V1PodStatus) => status.containerStatuses?.[0];

describe('phase', () => {
  const running = sampleContainer('main');
  const cases: readonly [string, Partial<StatusInput>, string][] = [
    ['nothing yet', {}, 'Pending'],
    [
      'init containers first',
      { pod: samplePod({ initContainers: [container('one')] }), observed: observedOf([sampleContainer('one')]) },
      'Pending',
    ],
    ['a main container runs', { observed: observedOf([running]) }, 'Running'],
    ['it crashed and will be back', { observed: observedOf([exited('main', 1)]) }, 'Running'],
    [
      'all succeeded',
      { pod: samplePod({ restartPolicy: 'Never' }), observed: observedOf([exited('main', 0)]) },
      'Succeeded',
    ],
    ['one failed', { pod: samplePod({ restartPolicy: 'Never' }), observed: observedOf([exited('main', 2)]) }, 'Failed'],
    [
      'an init container failed for good',
      {
        pod: samplePod({ restartPolicy: 'Never', initContainers: [container('one')] }),
        observed: observedOf([exited('one', 2)]),
      },
      'Failed',
    ],
    [
      'Failed is final',
      { pod: samplePod({}, { status: { phase: 'Failed' } }), observed: observedOf([running]) },
      'Failed',
    ],
    ['Succeeded is final', { pod: samplePod({}, { status: { phase: 'Succeeded' } }) }, 'Succeeded'],
    [
      'Running stays while its sandbox is made anew',
      { pod: samplePod({}, { status: { phase: 'Running' } }) },
      'Running',
    ],
    ['deleted while it runs', { observed: observedOf([running]), ending: true }, 'Running'],
    [
      'deleted and stopped',
      {
        observed: observedOf([exited('main', 143)]),
        ending: true,
        memory: { ...sampleMemory(), stoppingSinceMs: startMs },
      },
      'Failed',
    ],
    [
      'finished, but a sidecar still runs',
      {
        pod: samplePod({ restartPolicy: 'Never', initContainers: [container('side', { restartPolicy: 'Always' })] }),
        observed: observedOf([exited('main', 0), sampleContainer('side')]),
      },
      'Running',
    ],
  ];
  test.each(cases)('%s', (_name, input, phase) => {
    expect(statusOf(input).phase).toBe(phase);
  });
});

describe('containers', () => {
  test('waiting before anything is there', () => {
    expect(main(statusOf({}))).toMatchObject({
      state: { waiting: { reason: 'ContainerCreating' } },
      ready: false,
      restartCount: 0,
      imageID: '',
    });
    const pod = samplePod({ initContainers: [container('one')] });
    expect(main(statusOf({ pod }))?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  });

  test('running and ready', () => {
    const status = main(statusOf({ observed: observedOf([sampleContainer('main')]), memory: runningMemory() }));
    expect(status).toMatchObject({
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      ready: true,
      started: true,
      containerID: 'containerd://main-0',
      imageID: 'registry.example/app@sha256:1',
    });
  });

  test('running but not ready yet', () => {
    const input = { observed: observedOf([sampleContainer('main')]), memory: runningMemory('main-0', false) };
    expect(main(statusOf(input))).toMatchObject({ ready: false, started: true });
    expect(condition(statusOf(input), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
    });
  });

  test('crash loop, in the words of the kubelet', () => {
    const observed = observedOf([exited('main', 1, { attempt: 3, backOffMs: 80_000 })]);
    expect(main(statusOf({ observed }))).toMatchObject({
      restartCount: 3,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 1m20s restarting failed container=main pod=web_default(uid-1)',
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-01-01T00:00:01Z' } },
    });
  });

  test('how it ended: exit code, reason and last words', () => {
    const pod = samplePod({ restartPolicy: 'Never' });
    const killed = exited('main', 137, { reason: 'OOMKilled', terminationMessage: 'out of it' });
    expect(main(statusOf({ pod, observed: observedOf([killed]) }))?.state?.terminated).toEqual({
      exitCode: 137,
      reason: 'OOMKilled',
      message: 'out of it',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:01Z',
      containerID: 'containerd://main-0',
    });
  });

  test('why it waits: images and configuration', () => {
    const memory = sampleMemory();
    memory.containers.set('main', {
      image: { kind: 'failed', reason: 'ErrImagePull', message: 'no such image', retryAtMs: 0 },
      waiting: undefined,
    });
    expect(main(statusOf({ memory }))?.state).toEqual({
      waiting: { reason: 'ErrImagePull', message: 'no such image' },
    });
    memory.containers.set('main', {
      image: undefined,
      waiting: { reason: 'CreateContainerConfigError', message: 'configmap "x" not found' },
    });
    expect(main(statusOf({ memory }))?.state?.waiting?.message).toBe('configmap "x" not found');
  });

  test('the run before is kept, even when the runtime has forgotten it', () => {
    const now = sampleContainer('main', { attempt: 1 });
    expect(main(statusOf({ observed: observedOf([now, exited('main', 1)]) }))?.lastState?.terminated?.exitCode).toBe(1);
    const reported = {
      name: 'main',
      image: '',
      imageID: '',
      ready: true,
      restartCount: 1,
      lastState: { terminated: { exitCode: 9 } },
    };
    const pod = samplePod({}, { status: { containerStatuses: [reported] } });
    expect(main(statusOf({ pod, observed: observedOf([now]) }))?.lastState).toEqual({ terminated: { exitCode: 9 } });
  });

  test('a container that was reported as running and is gone', () => {
    const reported = {
      name: 'main',
      image: '',
      imageID: '',
      ready: true,
      restartCount: 2,
      containerID: 'containerd://x',
      state: { running: {} },
    };
    const pod = samplePod({ restartPolicy: 'Never' }, { status: { phase: 'Running', containerStatuses: [reported] } });
    const status = statusOf({ pod });
    expect(main(status)?.state?.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    expect(main(status)?.restartCount).toBe(2);
    expect(status.phase).toBe('Failed');
  });
});

describe('conditions', () => {
  test('a transition time changes with its status only', () => {
    const before = statusOf({
      observed: observedOf([sampleContainer('main')]),
      memory: runningMemory(),
      nowMs: startMs,
    });
    const pod = samplePod({}, { status: before });
    const later = { pod, observed: observedOf([sampleContainer('main')]), nowMs: startMs + 60_000 };
    expect(sameJson(statusOf({ ...later, memory: runningMemory() }), before)).toBe(true);
    const unready = statusOf({ ...later, memory: runningMemory('main-0', false) });
    expect(condition(unready, 'Ready')?.lastTransitionTime).toBe('2026-01-01T00:01:00Z');
    expect(condition(unready, 'Initialized')?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
  });

  test('conditions of others stay, and readiness gates count', () => {
    const gate = { conditionType: 'example.com/gate' };
    const input = { observed: observedOf([sampleContainer('main')]), memory: runningMemory() };
    const closed = statusOf({ ...input, pod: samplePod({ readinessGates: [gate] }) });
    expect(condition(closed, 'ContainersReady')?.status).toBe('True');
    expect(condition(closed, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
    const open = { type: 'example.com/gate', status: 'True' };
    const opened = statusOf({
      ...input,
      pod: samplePod({ readinessGates: [gate] }, { status: { conditions: [open] } }),
    });
    expect(condition(opened, 'Ready')?.status).toBe('True');
    expect(opened.conditions).toContainEqual(open);
  });

  test('init containers', () => {
    const pod = samplePod({ initContainers: [container('one'), container('two')] });
    const half = statusOf({ pod, observed: observedOf([exited('one', 0), sampleContainer('two')]) });
    expect(condition(half, 'Initialized')).toMatchObject({
      status: 'False',
      message: 'containers with incomplete status: [two]',
    });
    const done = statusOf({ pod, observed: observedOf([exited('one', 0), exited('two', 0)]) });
    expect(condition(done, 'Initialized')?.status).toBe('True');
    expect(main(done)?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
  });

  test('a pod that has succeeded is not ready', () => {
    const status = statusOf({
      pod: samplePod({ restartPolicy: 'Never' }),
      observed: observedOf([exited('main', 0)], [sampleSandbox({ ready: false })]),
    });
    expect(condition(status, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(condition(status, 'PodReadyToStartContainers')?.status).toBe('False');
  });
});

test('addresses: of the pod, or of the node in its network', () => {
  expect(statusOf({ memory: runningMemory() })).toMatchObject({
    podIP: '10.42.0.2',
    podIPs: [{ ip: '10.42.0.2' }],
    hostIPs: [{ ip: '192.0.2.1' }],
  });
  const pod = samplePod({ hostNetwork: true });
  expect(statusOf({ pod, observed: observedOf([]) }).podIP).toBe('192.0.2.1');
  expect(statusOf({ pod }).podIP).toBeUndefined();
});

test('a refusal is the reason of the pod', () => {
  const memory = sampleMemory();
  memory.failure = { reason: 'OutOfcpu', message: 'too much' };
  expect(statusOf({ memory, ending: true })).toMatchObject({
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: 'too much',
  });
});
