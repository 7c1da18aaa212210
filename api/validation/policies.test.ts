import { describe, expect, it } from 'vitest';
import type { FieldError } from '../field-error.ts';
import type {
  V1Ingress,
  V1NetworkPolicy,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V2HorizontalPodAutoscaler,
} from '../generated/types.ts';
import { validateIngress, validateIngressClass } from './ingress.ts';
import { validateAutoscaler, validateDisruptionBudget, validateNetworkPolicy } from './policy.ts';
import { validateBindingUpdate, validateClusterRoleBinding, validateRole, validateRoleBinding } from './rbac.ts';
import {
  validatePriorityClass,
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolume,
  validateVolumeUpdate,
} from './storage.ts';
import { validateClaim, validateClaimUpdate } from './volume-claim.ts';
import { webhooks } from './webhooks.ts';

const messages = (errors: readonly FieldError[]) => errors.map((error) => `${error.field}: ${error.message}`);
const service = { service: { name: 'web', port: { number: 80 } } };
const pathRule = (path: string, pathType = 'Prefix', backend = service): V1Ingress => ({
  spec: { rules: [{ http: { paths: [{ path, pathType, backend }] } }] },
});
const at = 'spec.rules[0].http.paths[0]';

describe('ingresses', () => {
  it.each<[V1Ingress, string[]]>([
    [pathRule('/'), []],
    [{ spec: { defaultBackend: service } }, []],
    [
      {
        spec: {
          rules: [
            { host: '*.example.com', http: { paths: [{ pathType: 'ImplementationSpecific', backend: service }] } },
          ],
        },
      },
      [],
    ],
    [{ spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [pathRule('web'), [`${at}.path: Invalid value: "web": must be an absolute path`]],
    [pathRule('/a//b'), [`${at}.path: Invalid value: "/a//b": must not contain '//'`]],
    [pathRule('/a/..'), [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`]],
    [
      pathRule('/', 'Regex'),
      [`${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    [
      { spec: { rules: [{ host: '10.0.0.1' }] } },
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    [{ spec: { rules: [{ http: { paths: [] } }] } }, ['spec.rules[0].http.paths: Required value']],
    [
      { spec: { defaultBackend: { service: { name: 'web' } } } },
      ['spec.defaultBackend.service: Required value: port name or number is required'],
    ],
    [
      { spec: { defaultBackend: {} } },
      ['spec.defaultBackend: Invalid value: "": resource or service backend is required'],
    ],
  ])('%#', (ingress, expected) => {
    expect(messages(validateIngress(ingress))).toEqual(expected);
  });

  it('have classes with a domain', () => {
    expect(messages(validateIngressClass({ spec: { controller: 'mine' } }))).toEqual([
      'spec.controller: Invalid value: "mine": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
  });
});

describe('network policies', () => {
  const policy = (spec: V1NetworkPolicy['spec']): V1NetworkPolicy => ({ spec: { podSelector: {}, ...spec } });

  it.each<[V1NetworkPolicy, string[]]>([
    [policy({}), []],
    [policy({ ingress: [{ from: [{}] }] }), ['spec.ingress[0].from[0]: Required value: must specify a peer']],
    [
      policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] }),
      ['spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] }),
      ['spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
    ],
    [
      policy({ ingress: [{ ports: [{ endPort: 90, port: 100 }] }] }),
      ['spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`'],
    ],
    [
      policy({ policyTypes: ['Inside'] }),
      ['spec.policyTypes[0]: Unsupported value: "Inside": supported values: "Egress", "Ingress"'],
    ],
  ])('%#', (object, expected) => {
    expect(messages(validateNetworkPolicy(object))).toEqual(expected);
  });
});

describe('disruption budgets and autoscalers', () => {
  it.each([
    [{ minAvailable: 1 }, []],
    [{ minAvailable: '50%' }, []],
    [{ minAvailable: '150%' }, ['spec.minAvailable: Invalid value: "150%": must not be greater than 100%']],
    [{ maxUnavailable: -1 }, ['spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0']],
    [
      { minAvailable: 1, maxUnavailable: 1 },
      [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    ],
  ])('budget %j', (spec, expected) => {
    expect(messages(validateDisruptionBudget({ spec }))).toEqual(expected);
  });

  const target = { kind: 'Deployment', name: 'web' };
  it.each<[NonNullable<V2HorizontalPodAutoscaler['spec']>, string[]]>([
    [{ maxReplicas: 3, scaleTargetRef: target }, []],
    [
      { maxReplicas: 1, minReplicas: 2, scaleTargetRef: target },
      ['spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`'],
    ],
    [
      { maxReplicas: 1, scaleTargetRef: { kind: '', name: 'a/b' } },
      [
        'spec.scaleTargetRef.kind: Required value',
        `spec.scaleTargetRef.name: Invalid value: "a/b": may not contain '/'`,
      ],
    ],
    [
      { maxReplicas: 1, scaleTargetRef: target, metrics: [{ type: 'Resource' }] },
      ['spec.metrics[0].resource: Required value: must populate information for the given metric source'],
    ],
    [
      { maxReplicas: 1, scaleTargetRef: target, behavior: { scaleUp: { stabilizationWindowSeconds: 4000 } } },
      ['spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600'],
    ],
  ])('autoscaler %#', (spec, expected) => {
    expect(messages(validateAutoscaler({ spec }))).toEqual(expected);
  });
});

describe('roles', () => {
  const group = 'rbac.authorization.k8s.io';
  const roleRef = { apiGroup: group, kind: 'Role', name: 'r' };

  it('have rules that mean something', () => {
    expect(messages(validateRole({ rules: [{ verbs: [] }] }))).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
    expect(messages(validateRole({ rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }))).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ]);
  });

  it('are bound to somebody', () => {
    expect(validateRoleBinding({ roleRef, subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'b' }] })).toEqual(
      [],
    );
    expect(
      messages(
        validateRoleBinding({ roleRef: { ...roleRef, kind: 'Thing' }, subjects: [{ kind: 'Robot', name: 'x' }] }),
      ),
    ).toEqual([
      'roleRef.kind: Unsupported value: "Thing": supported values: "Role", "ClusterRole"',
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ]);
    expect(
      messages(
        validateClusterRoleBinding({
          roleRef: { ...roleRef, kind: 'ClusterRole' },
          subjects: [{ kind: 'ServiceAccount', name: 'a' }],
        }),
      ),
    ).toEqual(['subjects[0].namespace: Required value']);
  });

  it('cannot be exchanged in a binding', () => {
    expect(messages(validateBindingUpdate({ roleRef: { ...roleRef, name: 's' } }, { roleRef }))).toEqual([
      `roleRef: Invalid value: {"apiGroup":"${group}","kind":"Role","name":"s"}: cannot change roleRef`,
    ]);
  });
});

describe('storage', () => {
  const volume = (spec: V1PersistentVolume['spec']): V1PersistentVolume => ({
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
  });

  it.each<[V1PersistentVolume, string[]]>([
    [volume({ hostPath: { path: '/data' } }), []],
    [volume({}), ['spec: Required value: must specify a volume type']],
    [volume({ local: { path: '/data' } }), ['spec.nodeAffinity: Required value: Local volume requires node affinity']],
    [
      volume({ hostPath: { path: '/data' }, accessModes: ['Write'] }),
      [
        'spec.accessModes: Unsupported value: "Write": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    ],
    [
      volume({ hostPath: { path: '/data' }, capacity: { storage: '0' } }),
      ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    ],
    [
      volume({ hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ],
  ])('volume %#', (object, expected) => {
    expect(messages(validateVolume(object))).toEqual(expected);
  });

  it('volumes stay where they are', () => {
    const old = volume({ hostPath: { path: '/a' } });
    expect(messages(validateVolumeUpdate(volume({ hostPath: { path: '/b' } }), old))[0]).toContain(
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n',
    );
    expect(
      validateVolumeUpdate(volume({ hostPath: { path: '/a' }, persistentVolumeReclaimPolicy: 'Delete' }), old),
    ).toEqual([]);
  });

  const claim = (storage: string, more: object = {}): V1PersistentVolumeClaim => ({
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more },
    status: { phase: 'Bound', capacity: { storage: '2Gi' } },
  });

  it('claims ask for something', () => {
    expect(messages(validateClaim({ spec: {} }))).toEqual([
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ]);
  });

  it('claims may grow, and nothing else', () => {
    expect(validateClaimUpdate(claim('3Gi'), claim('2Gi'))).toEqual([]);
    expect(messages(validateClaimUpdate(claim('1Gi'), claim('2Gi')))).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
    expect(
      messages(validateClaimUpdate(claim('2Gi', { volumeName: 'b' }), claim('2Gi', { volumeName: 'a' })))[0],
    ).toContain(
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n',
    );
    expect(validateClaimUpdate(claim('2Gi', { volumeName: 'b' }), claim('2Gi'))).toEqual([]);
  });

  it('classes keep their provisioner', () => {
    expect(messages(validateStorageClass({ provisioner: '' }))).toEqual(['provisioner: Required value']);
    expect(messages(validateStorageClassUpdate({ provisioner: 'a/b' }, { provisioner: 'a/c' }))).toEqual([
      'provisioner: Forbidden: updates to provisioner are forbidden.',
    ]);
  });

  it.each([
    ['mine', 1_000_000_001, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
    ['system-node-critical', 2_000_001_000, []],
    [
      'system-mine',
      1,
      [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
      ],
    ],
  ])('priority class %s of %d', (name, value, expected) => {
    expect(messages(validatePriorityClass({ metadata: { name }, value }))).toEqual(expected);
  });
});

describe('webhooks', () => {
  it('need a name, an address and a promise', () => {
    const hook = {
      name: 'a.b.c',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { url: 'https://a' },
    };
    expect(webhooks([hook])).toEqual([]);
    expect(
      messages(webhooks([{ ...hook, name: 'a.b', timeoutSeconds: 31, clientConfig: { url: 'http://a' } }])),
    ).toEqual([
      'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      `webhooks[0].clientConfig.url: Invalid value: "http://a": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
    ]);
  });
});
