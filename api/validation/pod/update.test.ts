import { describe, expect, it } from 'vitest';
import { defaultPod } from '../../defaults/pod.ts';
import type { V1Pod } from '../../generated/types.ts';
import { validateResize } from './resize.ts';
import { validatePodStatusUpdate } from './status.ts';
import { validateEphemeralContainersUpdate, validatePodUpdate } from './update.ts';
import { podWarnings } from './warnings.ts';

const old: V1Pod = {
  metadata: { name: 'web', resourceVersion: '1' },
  spec: {
    containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } }],
    initContainers: [{ name: 'i', image: 'i:1' }],
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 }],
    activeDeadlineSeconds: 100,
  },
  status: { phase: 'Running', qosClass: 'Burstable' },
};
defaultPod(old);

const changed = (change: (pod: V1Pod & { spec: NonNullable<V1Pod['spec']> }) => void): V1Pod => {
  const pod = structuredClone(old);
  const spec = pod.spec ?? { containers: [] };
  const whole = { ...pod, spec };
  change(whole);
  return whole;
};
const messages = (errors: { field: string; message: string }[]) => errors.map((one) => `${one.field}: ${one.message}`);
const only =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

describe('validatePodUpdate', () => {
  it.each([
    ['nothing', changed(() => {})],
    ['an image', changed(({ spec }) => Object.assign(spec.containers[0] ?? {}, { image: 'i:2' }))],
    ['an init image', changed(({ spec }) => Object.assign(spec.initContainers?.[0] ?? {}, { image: 'i:2' }))],
    ['a shorter deadline', changed(({ spec }) => Object.assign(spec, { activeDeadlineSeconds: 50 }))],
    ['one more toleration', changed(({ spec }) => spec.tolerations?.push({ operator: 'Exists' }))],
    [
      'how long it tolerates',
      changed(({ spec }) => Object.assign(spec.tolerations?.[0] ?? {}, { tolerationSeconds: 1 })),
    ],
    ['an empty list for none', changed(({ spec }) => Object.assign(spec, { imagePullSecrets: [] }))],
  ])('lets %s change', (_name, pod) => {
    expect(messages(validatePodUpdate(pod, old))).toEqual([]);
  });

  it('shows what else was changed', () => {
    const pod = changed(({ spec }) => Object.assign(spec, { restartPolicy: 'Never', nodeName: 'n2' }));
    const [error, ...more] = messages(validatePodUpdate(pod, old));
    expect(more).toEqual([]);
    expect(error).toContain(`${only}\n`);
    expect(error).toContain('+ ');
    expect(error).toMatch(/\+ +nodeName: "n2",/);
    expect(error).toMatch(/- +restartPolicy: "Always",/);
    expect(error).toMatch(/\+ +restartPolicy: "Never",/);
  });

  it.each([
    [
      'one container more',
      changed(({ spec }) => spec.containers.push({ name: 'd', image: 'i' })),
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'a longer deadline',
      changed(({ spec }) => Object.assign(spec, { activeDeadlineSeconds: 200 })),
      ['spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value'],
    ],
    [
      'no deadline',
      changed(({ spec }) => Object.assign(spec, { activeDeadlineSeconds: undefined })),
      ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
    ],
    [
      'a toleration less',
      changed(({ spec }) => Object.assign(spec, { tolerations: [] })),
      ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    ],
    [
      'a new gate',
      changed(({ spec }) => Object.assign(spec, { schedulingGates: [{ name: 'g' }] })),
      ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'"],
    ],
    [
      'a mirror annotation',
      changed((pod) => Object.assign(pod.metadata ?? {}, { annotations: { 'kubernetes.io/config.mirror': 'x' } })),
      ['metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation'],
    ],
  ])('refuses %s', (_name, pod, expected) => {
    expect(messages(validatePodUpdate(pod, old))).toEqual(expected);
  });
});

describe('validateEphemeralContainersUpdate', () => {
  const debugged = changed(({ spec }) => Object.assign(spec, { ephemeralContainers: [{ name: 'e', image: 'i' }] }));

  it('lets containers be added', () => {
    expect(validateEphemeralContainersUpdate(debugged, old)).toEqual([]);
  });

  it('keeps those that are there', () => {
    expect(messages(validateEphemeralContainersUpdate(old, debugged))).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n',
    ]);
  });
});

describe('validateResize', () => {
  const resources = (limits: object, requests: object) =>
    changed(({ spec }) => Object.assign(spec.containers[0] ?? {}, { resources: { limits, requests } }));

  it('lets CPU and memory change', () => {
    expect(validateResize(resources({ memory: '2Gi' }, { cpu: '2', memory: '1Gi' }), old)).toEqual([]);
  });

  it.each([
    [
      'less memory',
      resources({ memory: '1Mi' }, { cpu: '1', memory: '1Mi' }),
      'limits[memory]: Forbidden: memory limits cannot be decreased unless resizePolicy is RestartContainer',
    ],
    [
      'no request',
      resources({ memory: '1Gi' }, { memory: '1Gi' }),
      'requests: Forbidden: resource requests cannot be removed',
    ],
  ])('refuses %s', (_name, pod, expected) => {
    expect(messages(validateResize(pod, old))).toContain(`spec.containers[0].resources.${expected}`);
  });

  it('refuses another class of service', () => {
    const alone = changed(({ spec }) => Object.assign(spec, { initContainers: [] }));
    const same = { cpu: '1', memory: '1Gi' };
    const wanted = resources(same, same);
    const pod = { ...wanted, spec: { ...wanted.spec, containers: wanted.spec?.containers ?? [], initContainers: [] } };
    expect(messages(validateResize(pod, alone))).toEqual([
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ]);
  });
});

describe('validatePodStatusUpdate', () => {
  const ended = {
    name: 'c',
    image: 'i',
    imageID: '',
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode: 0 } },
  };
  const running = { ...ended, state: { running: {} } };
  const never = changed((pod) => {
    pod.spec.restartPolicy = 'Never';
    pod.status = { ...pod.status, containerStatuses: [ended] };
  });
  const revived = { ...never, status: { ...never.status, containerStatuses: [running] } };

  it('keeps an ended container ended, unless it is always restarted', () => {
    expect(messages(validatePodStatusUpdate(revived, never))).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
    const always = { ...never, spec: old.spec };
    expect(validatePodStatusUpdate({ ...revived, spec: old.spec }, always)).toEqual([]);
  });

  it.each([
    [{ qosClass: 'BestEffort' }, 'status.qosClass: Invalid value: "BestEffort": field is immutable'],
    [
      { podIPs: [{ ip: 'x' }] },
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] },
      'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
    ],
    [
      { hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] },
      'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`',
    ],
  ])('refuses %j', (status, expected) => {
    expect(messages(validatePodStatusUpdate({ ...old, status: { ...old.status, ...status } }, old))).toEqual([
      expected,
    ]);
  });
});

describe('podWarnings', () => {
  it.each([
    [
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
    [{ volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] }, 'spec.volumes[0].gitRepo: deprecated in v1.11'],
    [
      { terminationGracePeriodSeconds: -1 },
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
    [
      { containers: [{ name: 'c', image: 'i', env: [{ name: 'A' }, { name: 'A' }] }] },
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    ],
    [
      { containers: [{ name: 'c', image: 'i', resources: { limits: { memory: '1500m' } } }] },
      'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ])('warns of %j', (spec, expected) => {
    expect(podWarnings({ spec: { containers: [], ...spec } })).toEqual([expected]);
  });
});
