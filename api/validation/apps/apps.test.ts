import { describe, expect, it } from 'vitest';
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultStatefulSet,
} from '../../defaults/workloads.ts';
import type { FieldError } from '../../field-error.ts';
import type {
  V1CronJob,
  V1DaemonSet,
  V1Deployment,
  V1Job,
  V1PodTemplateSpec,
  V1StatefulSet,
} from '../../generated/types.ts';
import { validateCronJob, validateJob, validateJobUpdate } from '../batch.ts';
import { validateDaemonSet } from './daemon-set.ts';
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './deployment.ts';
import { validateReplicaSet } from './replica-set.ts';
import { validateStatefulSet, validateStatefulSetUpdate } from './stateful-set.ts';

const messages = (errors: readonly FieldError[]) => errors.map((error) => `${error.field}: ${error.message}`);
const template = (
  change: Partial<NonNullable<V1PodTemplateSpec['spec']>> = {},
  labels = { app: 'web' },
): V1PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'i' }], ...change },
});
const selector = { matchLabels: { app: 'web' } };
const filled = <T>(object: T, fill: (object: T) => void): T => {
  const copy = structuredClone(object);
  fill(copy);
  return copy;
};

describe('deployments', () => {
  const deployment = (change: Partial<NonNullable<V1Deployment['spec']>>): V1Deployment =>
    filled({ spec: { selector, template: template(), ...change } }, defaultDeployment);
  const mismatch =
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`';

  it.each<[string, V1Deployment, string[]]>([
    ['labels that the selector does not take', deployment({ selector: { matchLabels: { app: 'db' } } }), [mismatch]],
    [
      'an empty selector',
      deployment({ selector: {} }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'a malformed selector',
      deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'a negative count',
      deployment({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'pods that end',
      deployment({ template: template({ restartPolicy: 'Never' }) }),
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'a deadline of its pods',
      deployment({ template: template({ activeDeadlineSeconds: 5 }) }),
      ['spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported'],
    ],
    [
      'a rolling update that recreates',
      deployment({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'an unknown strategy',
      deployment({ strategy: { type: 'BlueGreen' } }),
      [
        'spec.strategy: Unsupported value: {"Type":"BlueGreen","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
      ],
    ],
    [
      'an update that cannot move',
      deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'more than all unavailable',
      deployment({ strategy: { rollingUpdate: { maxUnavailable: '101%' } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'a percentage without a sign',
      deployment({ strategy: { rollingUpdate: { maxSurge: 'many' } } }),
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      'a deadline that cannot be met',
      deployment({ minReadySeconds: 600 }),
      ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
    ],
    [
      'a bad container',
      deployment({ template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c' }] } } }),
      ['spec.template.spec.containers[0].image: Required value'],
    ],
    [
      'ephemeral containers',
      deployment({ template: template({ ephemeralContainers: [{ name: 'e', image: 'i' }] }) }),
      ['spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template'],
    ],
  ])('refuse %s', (_name, object, expected) => {
    expect(messages(validateDeployment(object))).toEqual(expected);
  });

  it('refuse to be without a selector, as kubectl users know it', () => {
    const { spec, ...rest } = deployment({});
    const { selector: _, ...without } = spec ?? {};
    expect(
      messages(validateDeployment({ ...rest, spec: Object.assign({}, spec, without, { selector: undefined }) })),
    ).toEqual(['spec.selector: Required value', mismatch]);
  });

  it('take the smallest, and the least pause', () => {
    expect(validateDeployment(deployment({}))).toEqual([]);
    expect(validateDeployment(deployment({ strategy: { type: 'Recreate' }, replicas: 0 }))).toEqual([]);
  });

  it('keep their selector', () => {
    const other = deployment({ selector: { matchLabels: { app: 'db' } } });
    expect(messages(validateDeploymentUpdate(other, deployment({})))).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"db"}}: field is immutable',
    ]);
  });

  it('count no more than there is', () => {
    const status = { replicas: 1, readyReplicas: 2, availableReplicas: 3, collisionCount: 0 };
    expect(messages(validateDeploymentStatus({ status }, { status: { collisionCount: 1 } }))).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
      'status.collisionCount: Invalid value: 0: cannot be decremented',
    ]);
  });
});

describe('other workloads', () => {
  it('replica sets need a template that fits', () => {
    const set = filled({ spec: { selector, template: template({}, { app: 'x' }) } }, defaultReplicaSet);
    expect(messages(validateReplicaSet(set))).toEqual([
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ]);
  });

  const stateful = (change: Partial<NonNullable<V1StatefulSet['spec']>>): V1StatefulSet =>
    filled({ spec: { selector, serviceName: 'web', template: template(), ...change } }, defaultStatefulSet);

  it.each<[V1StatefulSet, string[]]>([
    [stateful({}), []],
    [
      stateful({ podManagementPolicy: 'Random' }),
      ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ],
    [
      stateful({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
      [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    ],
    [
      stateful({
        template: template({
          containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
        }),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      }),
      [],
    ],
  ])('stateful sets %#', (set, expected) => {
    expect(messages(validateStatefulSet(set))).toEqual(expected);
  });

  it('stateful sets keep what their pods depend on', () => {
    expect(validateStatefulSetUpdate(stateful({ replicas: 5 }), stateful({}))).toEqual([]);
    expect(messages(validateStatefulSetUpdate(stateful({ serviceName: 'db' }), stateful({})))[0]).toContain(
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy'",
    );
  });

  const daemon = (change: Partial<NonNullable<V1DaemonSet['spec']>>): V1DaemonSet =>
    filled({ spec: { selector, template: template(), ...change } }, defaultDaemonSet);

  it.each<[V1DaemonSet, string[]]>([
    [daemon({}), []],
    [daemon({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset']],
    [
      daemon({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
      ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    ],
    [
      daemon({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
  ])('daemon sets %#', (set, expected) => {
    expect(messages(validateDaemonSet(set))).toEqual(expected);
  });
});

describe('jobs', () => {
  const job = (change: Partial<NonNullable<V1Job['spec']>>): V1Job =>
    filled({ spec: { selector, template: template({ restartPolicy: 'Never' }), ...change } }, defaultJob);

  it.each<[V1Job, string[]]>([
    [job({}), []],
    [
      job({ template: template() }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [job({ completionMode: 'Indexed' }), []],
    [
      job({ completionMode: 'Indexed', parallelism: 2 }),
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      job({ completionMode: 'Sorted' }),
      ['spec.completionMode: Unsupported value: "Sorted": supported values: "NonIndexed", "Indexed"'],
    ],
    [job({ backoffLimit: -1 }), ['spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0']],
    [
      job({ podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [0] } }] } }),
      ['spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator'],
    ],
  ])('%#', (object, expected) => {
    expect(messages(validateJob(object))).toEqual(expected);
  });

  it('keep their template, but where a suspended one may run', () => {
    const other = job({ template: template({ restartPolicy: 'Never', nodeSelector: { a: 'b' } }), suspend: true });
    expect(validateJobUpdate(other, job({ suspend: true }))).toEqual([]);
    expect(messages(validateJobUpdate(other, job({})))[0]).toMatch(
      /^spec\.template: Invalid value: .*: field is immutable$/,
    );
  });

  const cron = (change: Partial<NonNullable<V1CronJob['spec']>>, name = 'c'): V1CronJob =>
    filled(
      {
        metadata: { name },
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: template({ restartPolicy: 'OnFailure' }) } },
          ...change,
        },
      },
      defaultCronJob,
    );

  it.each<[V1CronJob, string[]]>([
    [cron({}), []],
    [cron({ timeZone: 'Europe/Berlin' }), []],
    [cron({ schedule: '' }), ['spec.schedule: Required value']],
    [
      cron({ schedule: 'daily' }),
      ['spec.schedule: Invalid value: "daily": expected exactly 5 fields, found 1: [daily]'],
    ],
    [
      cron({ timeZone: 'Mars/Olympus' }),
      ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    ],
    [
      cron({ concurrencyPolicy: 'Queue' }),
      ['spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [
      cron({}, 'c'.repeat(53)),
      [`metadata.name: Invalid value: "${'c'.repeat(53)}": must be no more than 52 characters`],
    ],
    [
      cron({ jobTemplate: { spec: { template: template() } } }),
      ['spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
  ])('on a schedule %#', (object, expected) => {
    expect(messages(validateCronJob(object))).toEqual(expected);
  });
});
