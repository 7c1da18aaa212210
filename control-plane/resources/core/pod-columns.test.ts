import { describe, expect, it } from 'vitest';
import type { V1ContainerStatus, V1Pod, V1PodSpec, V1PodStatus } from '#api/generated/types.ts';
import { podColumns } from './pod-columns.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();

const status = (name: string, rest: Partial<V1ContainerStatus>): V1ContainerStatus => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...rest,
});
const pod = (podStatus: V1PodStatus, spec: Partial<V1PodSpec> = {}, deleted = false): V1Pod => ({
  metadata: { name: 'web', creationTimestamp: ago(300), ...(deleted && { deletionTimestamp: ago(1) }) },
  spec: { containers: [{ name: 'c' }], ...spec },
  status: podStatus,
});
const cells = (object: V1Pod, wide = false) =>
  podColumns.filter((column) => wide || column.priority === 0).map((column) => column.cell(object, nowMs));

const running = status('c', { ready: true, state: { running: {} } });
const init: Partial<V1PodSpec> = { initContainers: [{ name: 'i1' }, { name: 'i2' }] };
const sidecar: Partial<V1PodSpec> = { initContainers: [{ name: 's', restartPolicy: 'Always' }] };

describe('podColumns', () => {
  it('are those of kubectl', () => {
    expect(podColumns.map(({ name, priority }) => [name, priority])).toEqual([
      ['Name', 0],
      ['Ready', 0],
      ['Status', 0],
      ['Restarts', 0],
      ['Age', 0],
      ['IP', 1],
      ['Node', 1],
      ['Nominated Node', 1],
      ['Readiness Gates', 1],
    ]);
  });

  const cases: [string, V1Pod, [string, string, string]][] = [
    ['pending', pod({ phase: 'Pending' }), ['0/1', 'Pending', '0']],
    ['running', pod({ phase: 'Running', containerStatuses: [running] }), ['1/1', 'Running', '0']],
    [
      'being made',
      pod({
        phase: 'Pending',
        containerStatuses: [status('c', { state: { waiting: { reason: 'ContainerCreating' } } })],
      }),
      ['0/1', 'ContainerCreating', '0'],
    ],
    [
      'crashing',
      pod({
        phase: 'Running',
        containerStatuses: [
          status('c', {
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: ago(330) } },
          }),
        ],
      }),
      ['0/1', 'CrashLoopBackOff', '3 (5m30s ago)'],
    ],
    [
      'out of memory',
      pod({
        phase: 'Running',
        containerStatuses: [status('c', { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } })],
      }),
      ['0/1', 'OOMKilled', '0'],
    ],
    [
      'failed',
      pod({
        phase: 'Failed',
        containerStatuses: [status('c', { state: { terminated: { exitCode: 1, reason: 'Error' } } })],
      }),
      ['0/1', 'Error', '0'],
    ],
    [
      'done',
      pod({
        phase: 'Succeeded',
        containerStatuses: [status('c', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
      }),
      ['0/1', 'Completed', '0'],
    ],
    [
      'ended without a reason',
      pod({ phase: 'Failed', containerStatuses: [status('c', { state: { terminated: { exitCode: 3 } } })] }),
      ['0/1', 'ExitCode:3', '0'],
    ],
    [
      'ended by a signal',
      pod({
        phase: 'Failed',
        containerStatuses: [status('c', { state: { terminated: { exitCode: 137, signal: 9 } } })],
      }),
      ['0/1', 'Signal:9', '0'],
    ],
    [
      'half done, and ready',
      pod(
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            status('c', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }),
            status('d', { ready: true, state: { running: {} } }),
          ],
        },
        { containers: [{ name: 'c' }, { name: 'd' }] },
      ),
      ['1/2', 'Running', '0'],
    ],
    ['evicted', pod({ phase: 'Failed', reason: 'Evicted' }), ['0/1', 'Evicted', '0']],
    ['terminating', pod({ phase: 'Running', containerStatuses: [running] }, {}, true), ['1/1', 'Terminating', '0']],
    ['lost with its node', pod({ phase: 'Running', reason: 'NodeLost' }, {}, true), ['0/1', 'Unknown', '0']],
    [
      'terminating after its end',
      pod(
        {
          phase: 'Succeeded',
          containerStatuses: [status('c', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
        },
        {},
        true,
      ),
      ['0/1', 'Completed', '0'],
    ],
    [
      'in its first init container',
      pod(
        { phase: 'Pending', initContainerStatuses: [status('i1', { state: { running: {} } }), status('i2', {})] },
        init,
      ),
      ['0/1', 'Init:0/2', '0'],
    ],
    [
      'in its second init container',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            status('i1', { state: { terminated: { exitCode: 0 } } }),
            status('i2', { state: { waiting: { reason: 'PodInitializing' } } }),
          ],
        },
        init,
      ),
      ['0/1', 'Init:1/2', '0'],
    ],
    [
      'failing to initialise',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            status('i1', {
              restartCount: 2,
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { exitCode: 1, finishedAt: ago(20) } },
            }),
          ],
        },
        init,
      ),
      ['0/1', 'Init:CrashLoopBackOff', '2 (20s ago)'],
    ],
    [
      'failed to initialise',
      pod(
        { phase: 'Pending', initContainerStatuses: [status('i1', { state: { terminated: { exitCode: 2 } } })] },
        init,
      ),
      ['0/1', 'Init:ExitCode:2', '0'],
    ],
    [
      'with a sidecar',
      pod(
        {
          phase: 'Running',
          initContainerStatuses: [status('s', { ready: true, started: true, restartCount: 1, state: { running: {} } })],
          containerStatuses: [running],
        },
        sidecar,
      ),
      ['2/2', 'Running', '1'],
    ],
    [
      'gated',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      ['0/1', 'SchedulingGated', '0'],
    ],
  ];

  it.each(cases)('shows a pod that is %s', (_name, object, [ready, state, restarts]) => {
    expect(cells(object)).toEqual(['web', ready, state, restarts, '5m']);
  });

  it('shows more when it is wide', () => {
    const object = pod(
      {
        phase: 'Running',
        podIP: '10.42.0.7',
        podIPs: [{ ip: '10.42.0.7' }],
        conditions: [{ type: 'a/b', status: 'True' }],
      },
      { nodeName: 'n1', readinessGates: [{ conditionType: 'a/b' }, { conditionType: 'a/c' }] },
    );
    expect(cells(object, true).slice(5)).toEqual(['10.42.0.7', 'n1', '<none>', '1/2']);
    expect(cells(pod({}), true).slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>']);
  });

  it('survives a pod with nothing in it', () => {
    expect(cells({ metadata: { name: 'x' } })).toEqual(['x', '0/0', 'Unknown', '0', '<unknown>']);
  });
});
