import { describe, expect, it } from 'vitest';
import { defaultPod } from '../../defaults/pod.ts';
import type { V1Container, V1Pod, V1PodSpec } from '../../generated/types.ts';
import { validateNewPod, validatePod } from './pod.ts';

const lines = (pod: V1Pod): string[] => {
  const object = structuredClone(pod);
  defaultPod(object);
  return [...validatePod(object), ...validateNewPod(object)].map((error) => `${error.field}: ${error.message}`);
};

const withSpec = (spec: Partial<V1PodSpec>): V1Pod => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});
const withContainer = (container: Partial<V1Container>, spec: Partial<V1PodSpec> = {}): V1Pod =>
  withSpec({ ...spec, containers: [{ name: 'c', image: 'i', ...container }] });

const label63 = 'must be no more than 63 bytes';
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const c = 'spec.containers[0]';

const bad: [string, V1Pod, string[]][] = [
  ['no containers', withSpec({ containers: [] }), ['spec.containers: Required value']],
  ['no name', withContainer({ name: '' }), [`${c}.name: Required value`]],
  ['no image', withContainer({ image: '' }), [`${c}.image: Required value`]],
  ['a name in capitals', withContainer({ name: 'Web' }), [`${c}.name: Invalid value: "Web": ${labelRule}`]],
  ['a dotted name', withContainer({ name: 'a.b' }), [`${c}.name: Invalid value: "a.b": must not contain dots`]],
  [
    'a long name',
    withContainer({ name: 'a'.repeat(64) }),
    [`${c}.name: Invalid value: "${'a'.repeat(64)}": ${label63}`],
  ],
  [
    'an image with blanks',
    withContainer({ image: ' nginx' }),
    [`${c}.image: Invalid value: " nginx": must not have leading or trailing whitespace`],
  ],
  [
    'two of a name',
    withSpec({
      containers: [
        { name: 'c', image: 'i' },
        { name: 'c', image: 'i' },
      ],
    }),
    ['spec.containers[1].name: Duplicate value: "c"'],
  ],
  [
    'an unknown pull policy',
    withContainer({ imagePullPolicy: 'Sometimes' }),
    [`${c}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`],
  ],
  [
    'an unknown restart policy',
    withSpec({ restartPolicy: 'Maybe' }),
    ['spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    'an unknown dns policy',
    withSpec({ dnsPolicy: 'X' }),
    [
      'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
  ],
  ['a port of none', withContainer({ ports: [{ containerPort: 0 }] }), [`${c}.ports[0].containerPort: Required value`]],
  [
    'a port too high',
    withContainer({ ports: [{ containerPort: 65_536 }] }),
    [`${c}.ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive`],
  ],
  [
    'a port name without letters',
    withContainer({ ports: [{ containerPort: 80, name: '80' }] }),
    [`${c}.ports[0].name: Invalid value: "80": must contain at least one letter (a-z)`],
  ],
  [
    'a port name too long',
    withContainer({ ports: [{ containerPort: 80, name: 'abcdefghijklmnop' }] }),
    [`${c}.ports[0].name: Invalid value: "abcdefghijklmnop": must be no more than 15 bytes`],
  ],
  [
    'two port names alike',
    withContainer({
      ports: [
        { containerPort: 80, name: 'a' },
        { containerPort: 81, name: 'a' },
      ],
    }),
    [`${c}.ports[1].name: Duplicate value: "a"`],
  ],
  [
    'an unknown protocol',
    withContainer({ ports: [{ containerPort: 80, protocol: 'tcp' }] }),
    [`${c}.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"`],
  ],
  [
    'a host port twice',
    withContainer({
      ports: [
        { containerPort: 80, hostPort: 80 },
        { containerPort: 81, hostPort: 80 },
      ],
    }),
    [`${c}.ports[1].hostPort: Duplicate value: "TCP//80"`],
  ],
  [
    'another host port in the host network',
    withContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
    [`${c}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`],
  ],
  ['env without a name', withContainer({ env: [{ name: '' }] }), [`${c}.env[0].name: Required value`]],
  [
    'an env name with =',
    withContainer({ env: [{ name: 'a=b' }] }),
    [
      `${c}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
  ],
  [
    'valueFrom of nothing',
    withContainer({ env: [{ name: 'a', valueFrom: {} }] }),
    [
      `${c}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
  ],
  [
    'value and valueFrom',
    withContainer({ env: [{ name: 'a', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
    [`${c}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`],
  ],
  [
    'a field that env has not',
    withContainer({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
    [
      `${c}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  ],
  [
    'a field that is none',
    withContainer({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }),
    [
      `${c}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x`,
    ],
  ],
  [
    'a key selector without a key',
    withContainer({ env: [{ name: 'a', valueFrom: { configMapKeyRef: { name: 'm', key: '' } } }] }),
    [`${c}.env[0].valueFrom.configMapKeyRef.key: Required value`],
  ],
  [
    'a resource that is none',
    withContainer({ env: [{ name: 'a', valueFrom: { resourceFieldRef: { resource: 'limits.gpu' } } }] }),
    [
      `${c}.env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
    ],
  ],
  [
    'an odd divisor',
    withContainer({ env: [{ name: 'a', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '3' } } }] }),
    [
      `${c}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ],
  ],
  [
    'envFrom of nothing',
    withContainer({ envFrom: [{}] }),
    [`${c}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``],
  ],
  [
    'a mount of no volume',
    withContainer({ volumeMounts: [{ name: 'x', mountPath: '/x' }] }),
    [`${c}.volumeMounts[0].name: Not found: "x"`],
  ],
  [
    'two mounts at one path',
    withContainer(
      {
        volumeMounts: [
          { name: 'v', mountPath: '/x' },
          { name: 'v', mountPath: '/x' },
        ],
      },
      { volumes: [{ name: 'v' }] },
    ),
    [`${c}.volumeMounts[1].mountPath: Invalid value: "/x": must be unique`],
  ],
  [
    'a subPath that climbs',
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/x', subPath: 'a/../..' }] }, { volumes: [{ name: 'v' }] }),
    [`${c}.volumeMounts.subPath: Invalid value: "a/../..": must not contain '..'`],
  ],
  [
    'an absolute subPath',
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '/a' }] }, { volumes: [{ name: 'v' }] }),
    [`${c}.volumeMounts.subPath: Invalid value: "/a": must be a relative path`],
  ],
  [
    'propagation without privilege',
    withContainer(
      { volumeMounts: [{ name: 'v', mountPath: '/x', mountPropagation: 'Bidirectional' }] },
      { volumes: [{ name: 'v' }] },
    ),
    [
      `${c}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    ],
  ],
  [
    'a limit below the request',
    withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    [`${c}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`],
  ],
  [
    'a negative request',
    withContainer({ resources: { requests: { memory: '-1' } } }),
    [`${c}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`],
  ],
  [
    'an unknown resource',
    withContainer({ resources: { requests: { gpu: '1' } } }),
    [
      `${c}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
      `${c}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
    ],
  ],
  [
    'an extended resource requested without a limit',
    withContainer({ resources: { requests: { 'example.com/gpu': '1' } } }),
    [`${c}.resources.limits: Required value: Limit must be set for non overcommitable resources`],
  ],
  [
    'half an extended resource',
    withContainer({ resources: { limits: { 'example.com/gpu': '500m' } } }),
    [
      `${c}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer`,
      `${c}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer`,
    ],
  ],
  [
    'a probe of nothing',
    withContainer({ livenessProbe: {} }),
    [`${c}.livenessProbe: Required value: must specify a handler type`],
  ],
  [
    'a probe of two kinds',
    withContainer({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }),
    [`${c}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`],
  ],
  [
    'a liveness probe that must succeed twice',
    withContainer({ livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }),
    [`${c}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
  ],
  [
    'a negative period',
    withContainer({ readinessProbe: { exec: { command: ['a'] }, periodSeconds: -1 } }),
    [`${c}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
  ],
  [
    'a scheme in lower case',
    withContainer({ startupProbe: { httpGet: { port: 80, scheme: 'http' } } }),
    [`${c}.startupProbe.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"`],
  ],
  [
    'a sleep longer than the grace period',
    withContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    [
      `${c}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ],
  ],
  [
    'an init container with a probe',
    withSpec({ initContainers: [{ name: 'i', image: 'i', livenessProbe: { exec: { command: ['a'] } } }] }),
    [
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  [
    'an init container called as another',
    withSpec({ initContainers: [{ name: 'c', image: 'i' }] }),
    ['spec.initContainers[0].name: Duplicate value: "c"'],
  ],
  [
    'an ephemeral container at creation',
    withSpec({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
    ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
  ],
  [
    'a target that is not there',
    withSpec({ ephemeralContainers: [{ name: 'e', image: 'i', targetContainerName: 'x' }] }),
    [
      'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ],
  ],
  [
    'a user beyond the last',
    withContainer({ securityContext: { runAsUser: -1 } }),
    [`${c}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
  ],
  [
    'privileged and without escalation',
    withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    [
      `${c}.securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ],
  ],
  [
    'a seccomp profile that is not named',
    withSpec({ securityContext: { seccompProfile: { type: 'Localhost' } } }),
    [
      'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
    ],
  ],
  [
    'a sysctl of the host',
    withSpec({ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
    [
      `spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true`,
    ],
  ],
  [
    'a toleration of everything by Equal',
    withSpec({ tolerations: [{ value: 'x' }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    'seconds without NoExecute',
    withSpec({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 1 }] }),
    [
      `spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ],
  ],
  [
    'an unknown operator',
    withSpec({ tolerations: [{ key: 'a', operator: 'Like' }] }),
    ['spec.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"'],
  ],
  [
    'node affinity of no terms',
    withSpec({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    }),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
    ],
  ],
  [
    'a weight of nothing',
    withSpec({
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 0, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
          ],
        },
      },
    }),
    [
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
    ],
  ],
  [
    'spreading over nothing',
    withSpec({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'X' }] }),
    [
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      'spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty',
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": supported values: "DoNotSchedule", "ScheduleAnyway"',
    ],
  ],
  [
    'no resolver at all',
    withSpec({ dnsPolicy: 'None' }),
    ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  ],
  [
    'four name servers, one malformed',
    withSpec({ dnsConfig: { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', 'x'] } }),
    [
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","2.2.2.2","3.3.3.3","x"]: must not have more than 3 nameservers',
      'spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ],
  [
    'a deadline of nothing',
    withSpec({ activeDeadlineSeconds: 0 }),
    ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
  ],
  ['a host name in capitals', withSpec({ hostname: 'Web' }), [`spec.hostname: Invalid value: "Web": ${labelRule}`]],
  [
    'a node name in capitals',
    withSpec({ nodeName: 'Node_1' }),
    [`spec.nodeName: Invalid value: "Node_1": ${subdomainRule}`],
  ],
  [
    'a gate and a node',
    withSpec({ nodeName: 'n', schedulingGates: [{ name: 'g' }] }),
    ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  ],
  [
    'users of its own in the host network',
    withSpec({ hostUsers: false, hostNetwork: true }),
    ['spec.hostNetwork: Forbidden: when `hostUsers` is false'],
  ],
  [
    'restart rules without a policy',
    withContainer({ restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] }),
    [`${c}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`],
  ],
];

describe('validatePod', () => {
  it.each(bad)('refuses %s', (_name, pod, expected) => {
    expect(lines(pod)).toEqual(expected);
  });

  it('does not change what it looks at', () => {
    const pod = withSpec({ volumes: [{ name: 'v' }] });
    defaultPod(pod);
    const before = structuredClone(pod);
    validatePod(pod);
    expect(pod).toEqual(before);
  });
});
