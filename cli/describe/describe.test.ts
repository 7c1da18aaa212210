import { beforeAll, describe, expect, test } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { alignTabs } from './align.ts';
import { configMapLines, secretLines } from './config.ts';
import { eventLines, formatEventAge, sortEvents } from './events.ts';
import { genericLines } from './generic.ts';
import { podLines } from './pod.ts';
import { serviceLines } from './service.ts';
import { smartLabel } from './smart-label.ts';
import { nowMs, podEvent } from './testing/objects.ts';
import { deploymentLines } from './workloads.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const textOf = (lines: readonly string[]): string => `\n${alignTabs(lines).join('\n')}\n`;

const pod: V1Pod = {
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    labels: { tier: 'front', app: 'web' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'two\nlines' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
  },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'default',
    containers: [
      {
        name: 'web',
        image: 'shop/web:1',
        command: ['serve', '--all'],
        ports: [
          { name: 'http', containerPort: 8080 },
          { containerPort: 53, protocol: 'UDP' },
        ],
        resources: { limits: { memory: '64Mi', cpu: '1' } },
        livenessProbe: { exec: { command: ['cat', '/ok'] } },
        env: [
          { name: 'PLAIN', value: 'a' },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'k' } } },
        ],
        envFrom: [{ configMapRef: { name: 'settings', optional: true } }],
        volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true, subPath: 'x' }],
      },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
  },
  status: {
    phase: 'Running',
    hostIP: '192.0.2.2',
    podIP: '10.42.0.2',
    podIPs: [{ ip: '10.42.0.2' }],
    qosClass: 'Burstable',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'web',
        image: 'shop/web:1',
        imageID: 'sha256:1',
        containerID: 'containerd://1',
        ready: true,
        restartCount: 2,
        state: { running: { startedAt: '2026-11-20T11:00:00Z' } },
        lastState: {
          terminated: {
            exitCode: 3,
            reason: 'Error',
            startedAt: '2026-11-20T10:00:00Z',
            finishedAt: '2026-11-20T10:59:00Z',
          },
        },
      },
    ],
  },
};

test('a pod', () => {
  expect(textOf(podLines(pod))).toBe(`
Name:             web-1
Namespace:        shop
Service Account:  default
Node:             n1/192.0.2.2
Labels:           app=web
                  tier=front
Annotations:      note:
                    two
                    lines
Status:           Running
IP:               10.42.0.2
IPs:
  IP:           10.42.0.2
Controlled By:  ReplicaSet/web
Containers:
  web:
    Container ID:  containerd://1
    Image:         shop/web:1
    Image ID:      sha256:1
    Ports:         8080/TCP (http), 53/UDP
    Host Ports:    0/TCP (http), 0/UDP
    Command:
      serve
      --all
    State:          Running
      Started:      Fri, 20 Nov 2026 11:00:00 +0000
    Last State:     Terminated
      Reason:       Error
      Exit Code:    3
      Started:      Fri, 20 Nov 2026 10:00:00 +0000
      Finished:     Fri, 20 Nov 2026 10:59:00 +0000
    Ready:          True
    Restart Count:  2
    Limits:
      cpu:     1
      memory:  64Mi
    Liveness:  exec [cat /ok] delay=0s timeout=1s period=10s #success=1 #failure=3
    Environment Variables from:
      settings  ConfigMap  Optional: true
    Environment:
      PLAIN:  a
      IP:     10.42.0.2 (v1:status.podIP)
      KEY:    <set to the key 'k' in secret 'keys'>  Optional: false
    Mounts:
      /data from data (ro,path="x")
Conditions:
  Type    Status
  Ready   True
Volumes:
  data:
    Type:        EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:
    SizeLimit:   <unset>
QoS Class:       Burstable
Node-Selectors:  <none>
Tolerations:     a:NoExecute op=Exists for 300s
`);
});

test('a deployment with its ReplicaSets', () => {
  const set = (name: string, revision: string, replicas: number) => ({
    metadata: { name, annotations: { 'deployment.kubernetes.io/revision': revision } },
    spec: { replicas, selector: {} },
    status: { replicas },
  });
  const text = textOf(
    deploymentLines(
      {
        metadata: {
          name: 'web',
          namespace: 'shop',
          creationTimestamp: '2026-11-20T11:00:00Z',
          annotations: { 'deployment.kubernetes.io/revision': '2' },
        },
        spec: {
          replicas: 2,
          selector: {
            matchLabels: { app: 'web' },
            matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
          },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 1 } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'web', image: 'shop/web:2' }] },
          },
        },
        status: {
          replicas: 2,
          updatedReplicas: 2,
          availableReplicas: 1,
          unavailableReplicas: 1,
          conditions: [{ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }],
        },
      },
      [set('web-1', '1', 0), set('web-2', '2', 2)],
    ),
  );
  expect(text).toBe(`
Name:                   web
Namespace:              shop
CreationTimestamp:      Fri, 20 Nov 2026 11:00:00 +0000
Labels:                 <none>
Annotations:            deployment.kubernetes.io/revision: 2
Selector:               app=web,tier in (a,b)
Replicas:               2 desired | 2 updated | 2 total | 1 available | 1 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  25% max unavailable, 1 max surge
Pod Template:
  Labels:  app=web
  Containers:
   web:
    Image:         shop/web:2
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      True    MinimumReplicasAvailable
OldReplicaSets:  web-1 (0/0 replicas created)
NewReplicaSet:   web-2 (2/2 replicas created)
`);
});

test('a service names the ready endpoints of each port, the first few', () => {
  const slice = {
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [1, 2, 3, 4, 5].map((n) => ({ addresses: [`10.0.0.${n}`], conditions: { ready: n !== 2 } })),
  };
  const service = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.43.0.9',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 'web' }],
    },
  };
  expect(textOf(serviceLines(service, [slice]))).toContain(`
Port:              http  80/TCP
TargetPort:        web/TCP
Endpoints:         10.0.0.1:8080,10.0.0.3:8080,10.0.0.4:8080 + 1 more...
`);
});

describe('config', () => {
  test('of a secret only sizes are shown', () => {
    const data = { password: Buffer.from('hunter2').toString('base64') };
    const text = textOf(secretLines({ metadata: { name: 's', namespace: 'shop' }, type: 'Opaque', data }));
    expect(text).toContain('password:  7 bytes\n');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain(data.password);
  });

  test('of a config map everything is, and tabs in it move nothing', () => {
    const text = textOf(configMapLines({ metadata: { name: 'c' }, data: { f: 'a\tb\nc' }, binaryData: { z: 'AAAA' } }));
    expect(text).toContain('f:\n----\na    b\nc\n');
    expect(text).toContain('z: 3 bytes\n');
  });
});

test('any other kind shows all of its fields', () => {
  const object = {
    apiVersion: 'example.com/v1',
    kind: 'Cache',
    metadata: { name: 'c', namespace: 'shop', uid: 'u', labels: { a: 'b' } },
    spec: { podCIDRs: ['10.0.0.0/24'], size: 3, rules: [{ holderIdentity: 'x' }], note: 'a\tb\nc', none: null },
  };
  expect(textOf(genericLines(object))).toBe(`
Name:         c
Namespace:    shop
Labels:       a=b
Annotations:  <none>
API Version:  example.com/v1
Kind:         Cache
Metadata:
  UID:  u
Spec:
  None:  <nil>
  Note:  a    b\\nc
  Pod CIDRs:
    10.0.0.0/24
  Rules:
    Holder Identity:  x
  Size:               3
`);
});

test.each([
  ['holderIdentity', 'Holder Identity'],
  ['podIP', 'Pod IP'],
  ['uid', 'UID'],
  ['apiVersion', 'API Version'],
  ['metrics.k8s.io/x', 'metrics.k8s.io/x'],
])('the field %s is called %s', (field, label) => {
  expect(smartLabel(field)).toBe(label);
});

describe('events', () => {
  test('are aligned, on one line each, with how often they came', () => {
    const event = podEvent('BackOff', 'Back-off\nrestarting', { count: 7, source: { component: 'kubelet' } });
    expect(textOf(eventLines([event], nowMs))).toBe(`
Events:
  Type     Reason   Age               From     Message
  ----     ------   ----              ----     -------
  Warning  BackOff  5s (x7 over 30s)  kubelet  Back-off restarting
`);
    expect(textOf(eventLines([], nowMs))).toBe('\nEvents:  <none>\n');
  });

  test('of both API groups are put in order of when they were last seen', () => {
    const old = podEvent('Old', '');
    const fresh = podEvent('New', '', {
      firstTimestamp: undefined,
      lastTimestamp: undefined,
      eventTime: '2026-11-20T11:00:00.000000Z',
      series: { count: 3, lastObservedTime: '2026-11-20T11:59:59.000000Z' },
    });
    expect(sortEvents([fresh, old]).map(({ reason }) => reason)).toEqual(['Old', 'New']);
    expect(formatEventAge(fresh, nowMs)).toBe('1s (x3 over 60m)');
  });
});

describe('alignTabs', () => {
  test('aligns neighbours only, and measures no last cell', () => {
    expect(alignTabs(['a\tb', 'long one\tc', 'no cells', 'x\ty'])).toEqual([
      'a         b',
      'long one  c',
      'no cells',
      'x  y',
    ]);
    expect(alignTabs(['a\tvery long last', 'b\tc\td'])).toEqual(['a  very long last', 'b  c  d']);
  });
});
