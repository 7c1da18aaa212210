import { describe, expect, test } from 'vitest';
import type { V1Container, V1ContainerStatus, V1Pod } from '#api/generated/types.ts';
import { healthyPod, nowMs, podEvent } from '../testing/objects.ts';
import { nodeProblems, serviceProblems } from './others.ts';
import { podProblems } from './pod.ts';
import { type Problem, problemLines } from './problem.ts';
import { deploymentProblems } from './workload.ts';

const only = (problems: readonly Problem[]): Problem => {
  expect(problems).toHaveLength(1);
  return problems[0] ?? { what: '', advice: '' };
};

const waiting = (reason: string, message = ''): Partial<V1ContainerStatus> => ({
  ready: false,
  state: { waiting: { reason, message } },
});

const crashed = (exitCode: number, reason = 'Error', restartCount = 5): Partial<V1ContainerStatus> => ({
  ...waiting('CrashLoopBackOff', 'back-off 5m0s restarting failed container'),
  restartCount,
  lastState: { terminated: { exitCode, reason, finishedAt: '2026-11-20T11:59:00Z' } },
});

const withContainer = (pod: V1Pod, container: Partial<V1Container>): V1Pod => ({
  ...pod,
  spec: { ...pod.spec, containers: [{ name: 'web', image: 'shop/web:1', ...container }] },
});

describe('a pod that is well, or on its way, has no problem', () => {
  test.each([
    ['running', healthyPod()],
    ['being created', healthyPod(waiting('ContainerCreating'))],
    ['just started and not asked yet', healthyPod({ ready: false })],
    ['done', healthyPod({}, { status: { phase: 'Succeeded' } })],
    ['new', { metadata: { name: 'x' }, spec: { containers: [] }, status: { phase: 'Pending' } }],
    ['without a status', { metadata: { name: 'x' } }],
    ['ending in time', healthyPod({}, { metadata: { name: 'x', deletionTimestamp: '2026-11-20T12:00:10Z' } })],
    [
      'restarted long ago',
      healthyPod({
        ...crashed(1),
        ready: true,
        state: { running: { startedAt: '2026-11-20T10:00:01Z' } },
        lastState: { terminated: { exitCode: 1, finishedAt: '2026-11-20T10:00:00Z' } },
      }),
    ],
  ])('%s', (_, pod) => {
    expect(podProblems(pod, [], nowMs)).toEqual([]);
  });

  test('a probe that failed before the container was started again is history', () => {
    const event = podEvent('Unhealthy', 'Readiness probe failed: x', { lastTimestamp: '2026-11-20T11:58:00Z' });
    expect(podProblems(healthyPod({ ready: false }), [event], nowMs)).toEqual([]);
  });
});

describe('an image', () => {
  test.each([
    ['ErrImagePull', 'rpc error: code = NotFound: shop/web:1: not found', /was not found/, /name and tag/],
    ['ErrImagePull', 'pull access denied, authorization failed: 401 Unauthorized', /wants a login/, /imagePullSecrets/],
    ['ErrImagePull', 'dial tcp: lookup registry.example: no such host', /cannot be reached/, /reach it/],
    [
      'ErrImageNeverPull',
      'Container image is not present with pull policy of Never',
      /not on the node/,
      /IfNotPresent/,
    ],
    ['InvalidImageName', "couldn't parse image name", /no valid name/, /image and apply again/],
    ['CreateContainerError', 'failed to resolve image "shop/web:1": not found', /was not found/, /name and tag/],
    ['ErrImagePull', 'strange', /cannot be pulled: strange/, /name and tag/],
  ])('%s: %s', (reason, message, what, advice) => {
    const problem = only(podProblems(healthyPod(waiting(reason, message)), [], nowMs));
    expect(problem.what).toMatch(what);
    expect(problem.what).toContain('container web cannot start: its image "shop/web:1"');
    expect(problem.advice).toMatch(advice);
  });

  test('in back-off says why, which only the event knows', () => {
    const status = waiting('ImagePullBackOff', 'Back-off pulling image "shop/web:1"');
    const event = podEvent('Failed', 'Failed to pull image "shop/web:1": manifest unknown');
    expect(only(podProblems(healthyPod(status), [event], nowMs)).what).toMatch(/was not found$/);
  });
});

describe('a container', () => {
  test('that crashes tells its exit code and where to read why', () => {
    const problem = only(podProblems(healthyPod(crashed(3)), [], nowMs));
    expect(problem.what).toBe('container web ends again and again with exit code 3, 5 restarts so far');
    expect(problem.advice).toBe('Read why: berth logs web-1 -n shop --previous');
  });

  test('that needs too much memory names its limit', () => {
    const pod = withContainer(healthyPod(crashed(137, 'OOMKilled', 1)), { resources: { limits: { memory: '64Mi' } } });
    const problem = only(podProblems(pod, [], nowMs));
    expect(problem.what).toBe(
      'container web is killed again and again because it needs more memory than its limit of 64Mi (OOMKilled, 1 restart so far)',
    );
    expect(problem.advice).toContain('Raise resources.limits.memory');
  });

  test('that is killed by its liveness probe says what the probe has met', () => {
    const event = podEvent('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500');
    const problem = only(podProblems(healthyPod(crashed(137)), [event], nowMs));
    expect(problem.what).toContain('because a probe fails, 5 restarts so far: Liveness probe failed: HTTP probe');
  });

  test('whose program is not there names it, and not the whole way down to it', () => {
    const message =
      'failed to create containerd task: runc create failed: exec: "nosuch": executable file not found in $PATH: unknown';
    const problem = only(podProblems(healthyPod(waiting('RunContainerError', message)), [], nowMs));
    expect(problem.what).toBe('container web cannot start: exec: "nosuch": executable file not found in $PATH');
    expect(problem.advice).toContain('command and args');
  });

  test.each([
    ['configmap "settings" not found', 'there is no configmap "settings" in its namespace', 'Create the configmap'],
    ['secret "keys" not found', 'there is no secret "keys" in its namespace', 'Create the secret'],
    ["couldn't find key a in ConfigMap shop/settings", "couldn't find key a in ConfigMap", 'Correct what it refers to'],
  ])('that lacks something: %s', (message, what, advice) => {
    const problem = only(podProblems(healthyPod(waiting('CreateContainerConfigError', message)), [], nowMs));
    expect(problem.what).toContain(what);
    expect(problem.advice).toContain(advice);
  });

  test('that is not ready tells the message of its probe and the probe', () => {
    const pod = withContainer(healthyPod({ ready: false }), {
      readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 2 },
    });
    const event = podEvent('Unhealthy', 'Readiness probe failed: connection refused');
    const problem = only(podProblems(pod, [event], nowMs));
    expect(problem.what).toBe('container web runs but is not ready: Readiness probe failed: connection refused');
    expect(problem.advice).toContain('http-get http://:8080/healthz');
  });

  test('that ended and stays ended', () => {
    const state = { terminated: { exitCode: 127, reason: 'Error' } };
    const pod = healthyPod({ ready: false, state });
    const problem = only(podProblems(pod, [], nowMs));
    expect(problem.what).toBe('container web has ended with exit code 127 (its program was not found)');
    expect(problem.advice).toBe('Read why: berth logs web-1 -n shop');
  });

  test('that was down a moment ago is told of, although it runs', () => {
    const pod = healthyPod({
      ...crashed(1, 'Error', 1),
      ready: true,
      state: { running: { startedAt: '2026-11-20T11:59:01Z' } },
    });
    expect(only(podProblems(pod, [], nowMs)).what).toMatch(/exit code 1, 1 restart so far; it runs again now$/);
  });
});

describe('a pod that no node takes', () => {
  const pending = (message: string, reason = 'Unschedulable'): V1Pod => ({
    metadata: { name: 'web-1' },
    spec: { containers: [], schedulingGates: [{ name: 'example.com/wait' }] },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason, message }] },
  });

  test.each([
    [
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available.',
      /^no node can take it: 0\/2 nodes are available: 2 Insufficient cpu$/,
      /resources\.requests/,
    ],
    ["0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", /affinity/, /berth label node/],
    ['0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.', /taint/, /toleration/],
    ['0/1 nodes are available: 1 something new.', /something new/, /berth describe nodes/],
  ])('%s', (message, what, advice) => {
    const problem = only(podProblems(pending(message), [], nowMs));
    expect(problem.what).toMatch(what);
    expect(problem.advice).toMatch(advice);
  });

  test('because of its gates', () => {
    expect(only(podProblems(pending('', 'SchedulingGated'), [], nowMs)).what).toContain('example.com/wait');
  });
});

describe('a pod as a whole', () => {
  test('whose volume cannot be mounted', () => {
    const event = podEvent('FailedMount', 'MountVolume.SetUp failed for volume "v" : secret "keys" not found');
    const pod = healthyPod(waiting('ContainerCreating'));
    expect(only(podProblems(pod, [event], nowMs)).what).toBe(
      'its volumes cannot be mounted: there is no secret "keys" in its namespace',
    );
    const started = podEvent('Started', 'Container started', { type: 'Normal' });
    expect(podProblems(pod, [event, started], nowMs)).toEqual([]);
  });

  test('that was evicted, or whose node is lost', () => {
    const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' };
    expect(only(podProblems(healthyPod({}, { status }), [], nowMs)).what).toContain('(Evicted): The node was low');
    const lost = { phase: 'Running', reason: 'NodeLost' };
    expect(only(podProblems(healthyPod({}, { status: lost }), [], nowMs)).what).toContain(
      'its node n1 does not answer',
    );
  });

  test('that should be gone', () => {
    const metadata = { name: 'x', deletionTimestamp: '2026-11-20T11:00:00Z', finalizers: ['example.com/keep'] };
    expect(only(podProblems(healthyPod({}, { metadata }), [], nowMs)).what).toContain('finalizers: example.com/keep');
  });
});

describe('a deployment', () => {
  const deployment = (conditions: { type: string; status: string; reason?: string; message?: string }[]) => ({
    metadata: { name: 'web' },
    spec: { selector: {}, template: {} },
    status: { conditions },
  });
  const sick = { pod: healthyPod(crashed(3)), events: [] };
  const well = { pod: healthyPod(), events: [] };

  test('is as well as its pods', () => {
    expect(deploymentProblems(deployment([]), [well, well], nowMs)).toEqual([]);
    const problem = only(deploymentProblems(deployment([]), [well, sick], nowMs));
    expect(problem.what).toMatch(/^1 of its 2 pods is not well; web-1: container web ends again and again/);
    expect(problem.advice).toContain('berth logs web-1');
  });

  test('whose pods are refused says why', () => {
    const failure = { type: 'ReplicaFailure', status: 'True', message: 'pods "web" is forbidden: exceeded quota' };
    expect(only(deploymentProblems(deployment([failure]), [sick], nowMs)).what).toContain('exceeded quota');
  });

  test('that is stuck without a sick pod says so', () => {
    const stuck = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
    expect(only(deploymentProblems(deployment([stuck]), [well], nowMs)).what).toContain('no progress for 600 seconds');
  });
});

test('a node that is not ready, short of something, or closed', () => {
  expect(nodeProblems({ status: { conditions: [{ type: 'Ready', status: 'True' }] } })).toEqual([]);
  const found = nodeProblems({
    metadata: { name: 'n1' },
    spec: { unschedulable: true },
    status: {
      conditions: [
        { type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.' },
        { type: 'DiskPressure', status: 'True', message: 'disk is full' },
      ],
    },
  });
  expect(found.map(({ what }) => what)).toEqual([
    'the node is not ready: Kubelet stopped posting node status.',
    'the node is short of disk space: disk is full',
    'the node takes no new pods (spec.unschedulable)',
  ]);
});

test('a service that nobody stands behind', () => {
  const service = { spec: { selector: { app: 'web' } } };
  const slice = (ready: boolean) => ({
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }],
  });
  expect(serviceProblems(service, [slice(true)])).toEqual([]);
  expect(serviceProblems({ spec: {} }, [])).toEqual([]);
  expect(only(serviceProblems(service, [])).what).toContain('none has the labels app=web');
  expect(only(serviceProblems(service, [slice(false)])).what).toBe('none of its 1 pods is ready');
});

test('problems stand above the description, each on one line, and nothing does when there is none', () => {
  expect(problemLines([])).toEqual([]);
  expect(problemLines([{ what: 'a\n\tb ', advice: 'c' }])).toEqual(['Problem:\ta b', 'What to do:\tc', '']);
});
