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

const good: [string, V1Pod][] = [
  ['the smallest', withSpec({})],
  [
    'a sidecar with probes',
    withSpec({
      initContainers: [{ name: 's', image: 'i', restartPolicy: 'Always', readinessProbe: { tcpSocket: { port: 1 } } }],
    }),
  ],
  [
    'an image in a template may be a blank, a pod may use any registry',
    withContainer({ image: 'registry.local:5000/a/b@sha256:0' }),
  ],
  [
    'host ports on two addresses',
    withContainer({
      ports: [
        { containerPort: 80, hostPort: 80, hostIP: '10.0.0.1' },
        { containerPort: 80, hostPort: 80, hostIP: '10.0.0.2' },
      ],
    }),
  ],
  [
    'the same port by two protocols',
    withContainer({
      ports: [
        { containerPort: 53, hostPort: 53 },
        { containerPort: 53, hostPort: 53, protocol: 'UDP' },
      ],
    }),
  ],
  [
    'a label as env',
    withContainer({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] }),
  ],
  ['a dotted env name', withContainer({ env: [{ name: 'a.b-c', value: '' }] })],
  [
    'a propagating privileged mount',
    withContainer(
      {
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'v', mountPath: '/x', mountPropagation: 'Bidirectional' }],
      },
      { volumes: [{ name: 'v' }] },
    ),
  ],
  ['huge pages with memory', withContainer({ resources: { limits: { 'hugepages-2Mi': '4Mi', memory: '1Gi' } } })],
  ['an extended resource', withContainer({ resources: { limits: { 'example.com/gpu': '2' } } })],
  ['tolerating everything', withSpec({ tolerations: [{ operator: 'Exists' }] })],
  [
    'dns of its own',
    withSpec({
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['fd00::1'],
        searches: ['a_b.example.', '.'],
        options: [{ name: 'ndots', value: '5' }],
      },
    }),
  ],
  ['gates', withSpec({ schedulingGates: [{ name: 'example.com/gate' }] })],
  [
    'a container with a restart policy of its own',
    withContainer({
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
    }),
  ],
  [
    'a volume made for the pod',
    withSpec({
      volumes: [
        {
          name: 'v',
          ephemeral: {
            volumeClaimTemplate: {
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
            },
          },
        },
      ],
    }),
  ],
];

describe('validatePod', () => {
  it.each(good)('takes %s', (_name, pod) => {
    expect(lines(pod)).toEqual([]);
  });
});
