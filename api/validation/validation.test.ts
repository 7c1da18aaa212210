import { describe, expect, it } from 'vitest';
import { defaultService, normaliseClusterIPs } from '../defaults/service.ts';
import type { FieldError } from '../field-error.ts';
import type {
  CoreV1Event,
  V1ConfigMap,
  V1EndpointSlice,
  V1Endpoints,
  V1Node,
  V1Secret,
  V1Service,
} from '../generated/types.ts';
import { validateConfigMap, validateConfigMapUpdate, validateSecret, validateSecretUpdate } from './config.ts';
import { cronProblem } from './cron.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate, validateEndpoints } from './endpoints.ts';
import { validateEvent, validateLease } from './event.ts';
import { cidrProblems, ipProblems } from './formats.ts';
import { validateLimitRange, validateQuota } from './limits.ts';
import { validateNamespace, validateNamespaceStatus, validateNode, validateNodeUpdate } from './nodes.ts';
import { validateService } from './service.ts';
import { validateServiceUpdate } from './service-ips.ts';

const messages = (errors: readonly FieldError[]) => errors.map((error) => `${error.field}: ${error.message}`);
const configKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('services', () => {
  const lines = (service: V1Service) => {
    const object = structuredClone(service);
    defaultService(object);
    normaliseClusterIPs(object, undefined);
    return messages(validateService(object));
  };

  it.each<[string, V1Service, string[]]>([
    ['no ports', { spec: {} }, ['spec.ports: Required value']],
    [
      'a port of none',
      { spec: { ports: [{ port: 0 }] } },
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'two ports without names',
      { spec: { ports: [{ port: 1 }, { port: 2 }] } },
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      'two names alike',
      {
        spec: {
          ports: [
            { name: 'a', port: 1 },
            { name: 'a', port: 2 },
          ],
        },
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      'two ports alike',
      {
        spec: {
          ports: [
            { name: 'a', port: 1 },
            { name: 'b', port: 1 },
          ],
        },
      },
      ['spec.ports[1]: Duplicate value: {"port":1,"protocol":"TCP"}'],
    ],
    [
      'an unknown type',
      { spec: { type: 'Public', ports: [{ port: 1 }] } },
      [
        'spec.type: Unsupported value: "Public": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      'a node port without nodes',
      { spec: { ports: [{ port: 1, nodePort: 30_000 }] } },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    ['an external name without a name', { spec: { type: 'ExternalName' } }, ['spec.externalName: Required value']],
    [
      'an external name with an address',
      { spec: { type: 'ExternalName', externalName: 'a.b', clusterIPs: ['10.43.0.1'] } },
      ['spec.clusterIPs: Forbidden: may not be set for ExternalName services'],
    ],
    [
      'a malformed address',
      { spec: { clusterIP: '10.43.0', ports: [{ port: 1 }] } },
      ['spec.clusterIPs[0]: Invalid value: "10.43.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      'two addresses that differ',
      { spec: { clusterIP: '10.43.0.1', clusterIPs: ['10.43.0.2'], ports: [{ port: 1 }] } },
      ['spec.clusterIPs: Invalid value: ["10.43.0.2"]: first value must match `clusterIP`'],
    ],
    [
      'an unknown affinity',
      { spec: { sessionAffinity: 'Cookie', ports: [{ port: 1 }] } },
      ['spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
    ],
    [
      'an affinity too long',
      {
        spec: {
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 90_000 } },
          ports: [{ port: 1 }],
        },
      },
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400',
      ],
    ],
    [
      'a loopback from outside',
      { spec: { externalIPs: ['127.0.0.1'], ports: [{ port: 1 }] } },
      ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ],
    [
      'an external policy inside',
      { spec: { externalTrafficPolicy: 'Local', ports: [{ port: 1 }] } },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      'a headless load balancer',
      { spec: { type: 'LoadBalancer', clusterIP: 'None', ports: [{ port: 1 }] } },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for LoadBalancer services'],
    ],
    [
      'IPv6 where IPv4 is said',
      { spec: { clusterIP: 'fd00::1', ipFamilies: ['IPv4'], ports: [{ port: 1 }] } },
      ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
    ],
  ])('refuse %s', (_name, service, expected) => {
    expect(lines(service)).toEqual(expected);
  });

  it.each<[string, V1Service]>([
    ['a plain one', { spec: { ports: [{ port: 80, targetPort: 'http' }] } }],
    ['a headless one without ports', { spec: { clusterIP: 'None' } }],
    ['a name with a dot at its end', { spec: { type: 'ExternalName', externalName: 'example.com.' } }],
    [
      'TCP and UDP on one port',
      {
        spec: {
          ports: [
            { name: 'a', port: 53 },
            { name: 'b', port: 53, protocol: 'UDP' },
          ],
        },
      },
    ],
  ])('take %s', (_name, service) => {
    expect(lines(service)).toEqual([]);
  });

  it('keep their address', () => {
    const old: V1Service = { spec: { type: 'ClusterIP', clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9'] } };
    const other: V1Service = { spec: { type: 'ClusterIP', clusterIP: '10.43.0.8', clusterIPs: ['10.43.0.8'] } };
    expect(messages(validateServiceUpdate(other, old))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.43.0.8"]: may not change once set',
    ]);
    expect(messages(validateServiceUpdate({ spec: { type: 'ClusterIP' } }, old))).toEqual([
      'spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset',
    ]);
    expect(validateServiceUpdate({ spec: { type: 'ExternalName' } }, old)).toEqual([]);
  });
});

describe('config maps', () => {
  it.each<[V1ConfigMap, string[]]>([
    [{ data: { 'a b': '' } }, [`data[a b]: Invalid value: "a b": ${configKey}`]],
    [{ data: { '..': '' } }, [`data[..]: Invalid value: "..": must not be '..'`]],
    [{ data: { '..a': '' } }, [`data[..a]: Invalid value: "..a": must not start with '..'`]],
    [
      { data: { a: '' }, binaryData: { a: '' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [{ data: { a: 'x'.repeat(1_048_577) } }, [': Too long: may not be more than 1048576 bytes']],
    [{ data: { a: 'é'.repeat(524_289) } }, [': Too long: may not be more than 1048576 bytes']],
    [{ data: { a: 'x'.repeat(1_048_576) } }, []],
    [{ data: { 'game.properties': 'a=1', UPPER_CASE: '' } }, []],
  ])('%#', (map, expected) => {
    expect(messages(validateConfigMap(map))).toEqual(expected);
  });

  it('that are immutable stay so', () => {
    const old = { immutable: true, data: { a: '1', b: '2' } };
    expect(messages(validateConfigMapUpdate({ data: { a: '2', b: '2' } }, old))).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(validateConfigMapUpdate({ immutable: true, data: { b: '2', a: '1' } }, old)).toEqual([]);
  });
});

describe('secrets', () => {
  it.each<[V1Secret, string[]]>([
    [{ type: 'Opaque', data: { 'a/b': '' } }, [`data[a/b]: Invalid value: "a/b": ${configKey}`]],
    [{ type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }, ['data[tls.key]: Required value']],
    [
      { type: 'kubernetes.io/basic-auth', data: {} },
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
    [{ type: 'kubernetes.io/basic-auth', data: { username: '' } }, []],
    [{ type: 'kubernetes.io/ssh-auth' }, ['data[ssh-privatekey]: Required value']],
    [
      { type: 'kubernetes.io/service-account-token' },
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [{ type: 'kubernetes.io/dockerconfigjson' }, ['data[.dockerconfigjson]: Required value']],
    [
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{') } },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON'],
    ],
    [{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{"auths":{}}') } }, []],
    [{ type: 'example.com/mine', data: { x: base64('y') } }, []],
  ])('%#', (secret, expected) => {
    expect(messages(validateSecret(secret))).toEqual(expected);
  });

  it('never show what they hold', () => {
    const secret = { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': base64('hunter2') } };
    expect(JSON.stringify(validateSecret(secret))).not.toContain('hunter2');
  });

  it('keep their type', () => {
    expect(messages(validateSecretUpdate({ type: 'b' }, { type: 'a' }))).toEqual([
      'type: Invalid value: "b": field is immutable',
    ]);
  });
});

describe('nodes and namespaces', () => {
  it.each<[V1Node, string[]]>([
    [
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      [
        'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      {
        spec: {
          taints: [
            { key: 'a', effect: 'NoExecute' },
            { key: 'a', effect: 'NoExecute' },
          ],
        },
      },
      [
        'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: taints must be unique by key and effect pair',
      ],
    ],
    [
      { spec: { podCIDRs: ['10.42.0.0'] } },
      ['spec.podCIDRs[0]: Invalid value: "10.42.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
    [
      { status: { capacity: { cpu: '-1' } } },
      ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
    ],
    [{ status: { capacity: { cpu: '2', memory: '1Gi', pods: '110' } } }, []],
  ])('%#', (node, expected) => {
    expect(messages(validateNode(node))).toEqual(expected);
  });

  it('keep their networks and provider', () => {
    const old = { spec: { podCIDRs: ['10.42.0.0/24'], providerID: 'a' } };
    expect(messages(validateNodeUpdate({ spec: { podCIDRs: ['10.42.1.0/24'], providerID: 'b' } }, old))).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
  });

  it('are terminating exactly when they are deleted', () => {
    expect(messages(validateNamespaceStatus({ status: { phase: 'Terminating' } }))).toEqual([
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
    expect(validateNamespaceStatus({ metadata: { deletionTimestamp: 'x' }, status: { phase: 'Terminating' } })).toEqual(
      [],
    );
  });

  it('have finalizers with names', () => {
    expect(messages(validateNamespace({ spec: { finalizers: ['kubernetes', 'mine'] } }))).toEqual([
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
});

describe('endpoints', () => {
  it.each<[V1Endpoints, string[]]>([
    [{ subsets: [{}] }, ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`']],
    [
      { subsets: [{ addresses: [{ ip: '169.254.1.1' }] }] },
      [
        'subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      {
        subsets: [
          {
            addresses: [{ ip: '10.0.0.1' }],
            ports: [
              { port: 1, protocol: 'TCP' },
              { port: 2, protocol: 'TCP' },
            ],
          },
        ],
      },
      ['subsets[0].ports[0].name: Required value', 'subsets[0].ports[1].name: Required value'],
    ],
    [{ subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 1, protocol: 'TCP' }] }] }, []],
  ])('%#', (endpoints, expected) => {
    expect(messages(validateEndpoints(endpoints))).toEqual(expected);
  });

  it.each<[V1EndpointSlice, string[]]>([
    [{ addressType: 'IPv5' }, ['addressType: Unsupported value: "IPv5": supported values: "FQDN", "IPv4", "IPv6"']],
    [
      { addressType: 'IPv4', endpoints: [{ addresses: [] }] },
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      { addressType: 'IPv4', endpoints: [{ addresses: ['fd00::1'] }] },
      ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
    ],
    [
      { addressType: 'IPv4', endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] })) },
      ['endpoints: Too many: 1001: must have at most 1000 items'],
    ],
    [
      { addressType: 'IPv4', ports: [{ protocol: 'TCP' }, { protocol: 'TCP' }] },
      ['ports[1].name: Duplicate value: ""'],
    ],
    [
      {
        addressType: 'IPv6',
        endpoints: [{ addresses: ['fd00::1'] }],
        ports: [{ name: 'a', protocol: 'TCP', port: 80 }],
      },
      [],
    ],
  ])('in slices %#', (slice, expected) => {
    expect(messages(validateEndpointSlice(slice))).toEqual(expected);
  });

  it('keep their kind of address', () => {
    expect(messages(validateEndpointSliceUpdate({ addressType: 'IPv4' }, { addressType: 'IPv6' }))).toEqual([
      'addressType: Invalid value: "IPv4": field is immutable',
    ]);
  });
});

describe('events and leases', () => {
  const event: CoreV1Event = { metadata: { namespace: 'a' }, involvedObject: { namespace: 'a' } };

  it.each<[CoreV1Event, string[]]>([
    [event, []],
    [
      { ...event, involvedObject: { namespace: 'b' } },
      ['involvedObject.namespace: Invalid value: "b": does not match event.namespace'],
    ],
    [{ ...event, involvedObject: {} }, ['involvedObject.namespace: Invalid value: "": does not match event.namespace']],
    [{ metadata: { namespace: 'default' }, involvedObject: {} }, []],
    [
      {
        ...event,
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingComponent: 'a/b',
        reportingInstance: 'i',
        action: 'A',
      },
      ['reason: Required value'],
    ],
  ])('%#', (object, expected) => {
    expect(messages(validateEvent(object))).toEqual(expected);
  });

  it('last longer than nothing', () => {
    expect(messages(validateLease({ spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }))).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });
});

describe('limits and quotas', () => {
  it('are in order', () => {
    const limits = [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }];
    expect(messages(validateLimitRange({ spec: { limits } }))).toEqual([
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    ]);
  });

  it.each([
    [{ hard: { pods: '10', 'requests.cpu': '1', 'count/jobs.batch': '5' } }, []],
    [
      { hard: { gpus: '1' } },
      ['spec.hard[gpus]: Invalid value: "gpus": must be a standard resource type or fully qualified'],
    ],
    [{ hard: { pods: '1500m' } }, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
    [
      { scopes: ['BestEffort', 'NotBestEffort'] },
      ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
    ],
  ])('%#', (spec, expected) => {
    expect(messages(validateQuota({ spec }))).toEqual(expected);
  });
});

describe('formats', () => {
  it.each(['10.0.0.1', '::', '::1', 'fd00::1', '1:2:3:4:5:6:7:8', '::ffff:10.0.0.1', 'fe80::'])(
    '%s is an address',
    (ip) => {
      expect(ipProblems(ip)).toEqual([]);
    },
  );

  it.each([
    '',
    '10.0.0',
    '10.0.0.01',
    '256.0.0.1',
    '1:2:3',
    ':::',
    '1::2::3',
    'g::1',
    '1:2:3:4:5:6:7:8:9',
    '10.0.0.1/8',
    '::10.0.0',
  ])('%s is none', (ip) => {
    expect(ipProblems(ip)).not.toEqual([]);
  });

  it.each([
    ['10.0.0.0/8', true],
    ['::/0', true],
    ['10.0.0.0/33', false],
    ['10.0.0.0', false],
    ['10.0.0.0/8/8', false],
    ['x/8', false],
  ])('%s as a network: %s', (cidr, good) => {
    expect(cidrProblems(cidr).length === 0).toBe(good);
  });

  it.each<[string, string | undefined]>([
    ['*/5 * * * *', undefined],
    ['0 0 1,15 jan-mar MON-FRI', undefined],
    ['@daily', undefined],
    ['@every 1h30m', undefined],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['@often', 'unrecognized descriptor: @often'],
  ])('%s as a schedule', (schedule, problem) => {
    expect(cronProblem(schedule)).toBe(problem);
  });
});
