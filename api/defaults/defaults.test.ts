import { describe, expect, it } from 'vitest';
import type { V1Deployment, V1Job, V1Pod, V1Secret, V1Service } from '../generated/types.ts';
import { defaultSecret } from './objects.ts';
import { defaultPod, isLatestImage } from './pod.ts';
import { admitPod, tolerateLostNodes } from './pod-admission.ts';
import { defaultService, normaliseClusterIPs } from './service.ts';
import { defaultDeployment, defaultJob } from './workloads.ts';

const defaulted = <T>(object: T, fill: (object: T) => void): T => {
  fill(object);
  return object;
};

const podDefaults = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};
const containerDefaults = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

describe('the smallest pod', () => {
  it('gets what kube-apiserver gives it', () => {
    const pod: V1Pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } };
    expect(defaulted(pod, defaultPod)).toEqual({
      metadata: { name: 'web' },
      spec: {
        containers: [{ name: 'web', image: 'nginx', imagePullPolicy: 'Always', ...containerDefaults }],
        enableServiceLinks: true,
        ...podDefaults,
      },
    });
  });

  it('gets tolerations, priority and a service account at admission', () => {
    const pod: V1Pod = {
      spec: { containers: [], tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }] },
    };
    admitPod(pod);
    tolerateLostNodes(pod, { notReady: 60, unreachable: 2 });
    expect(pod.spec).toEqual({
      containers: [],
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists' },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 2 },
      ],
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      serviceAccountName: 'default',
      serviceAccount: 'default',
    });
  });

  it('is not changed by defaulting again', () => {
    const pod: V1Pod = {
      spec: {
        hostNetwork: true,
        containers: [
          {
            name: 'a',
            image: 'a:1',
            ports: [{ containerPort: 80 }],
            livenessProbe: { httpGet: { port: 80 } },
            resources: { limits: { cpu: '1' } },
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          },
        ],
        volumes: [
          { name: 'empty' },
          { name: 'secret', secret: { secretName: 's' } },
          { name: 'host', hostPath: { path: '/' } },
          { name: 'all', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        ],
      },
    };
    const once = structuredClone(defaulted(pod, defaultPod));
    expect(defaulted(pod, defaultPod)).toEqual(once);
    expect(once.spec?.containers[0]).toMatchObject({
      imagePullPolicy: 'IfNotPresent',
      ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
      livenessProbe: {
        httpGet: { port: 80, path: '/', scheme: 'HTTP' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
      env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
    });
    expect(once.spec?.volumes).toEqual([
      { name: 'empty', emptyDir: {} },
      { name: 'secret', secret: { secretName: 's', defaultMode: 420 } },
      { name: 'host', hostPath: { path: '/', type: '' } },
      {
        name: 'all',
        projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] },
      },
    ]);
  });
});

describe('isLatestImage', () => {
  it.each([
    ['nginx', true],
    ['nginx:latest', true],
    ['nginx:1.27', false],
    ['registry:5000/nginx', true],
    ['registry:5000/nginx:1', false],
    ['nginx@sha256:0123', false],
    ['', true],
  ])('%s: %s', (image, expected) => {
    expect(isLatestImage(image)).toBe(expected);
  });
});

describe('the smallest deployment', () => {
  it('gets what kube-apiserver gives it', () => {
    const deployment: V1Deployment = {
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'nginx:1' }] },
        },
      },
    };
    expect(defaulted(deployment, defaultDeployment)).toEqual({
      metadata: { name: 'web' },
      spec: {
        progressDeadlineSeconds: 600,
        replicas: 1,
        revisionHistoryLimit: 10,
        selector: { matchLabels: { app: 'web' } },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [{ name: 'web', image: 'nginx:1', imagePullPolicy: 'IfNotPresent', ...containerDefaults }],
            ...podDefaults,
          },
        },
      },
    });
  });
});

describe('the smallest service', () => {
  it('gets what kube-apiserver gives it, but the address', () => {
    const service: V1Service = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }], selector: { app: 'web' } } };
    defaultService(service);
    normaliseClusterIPs(service, undefined);
    expect(service.spec).toEqual({
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector: { app: 'web' },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
  });

  const old: V1Service = {
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.43.0.9',
      clusterIPs: ['10.43.0.9'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    },
  };

  it('keeps its address when a PUT leaves it out', () => {
    const service: V1Service = { spec: { type: 'ClusterIP' } };
    normaliseClusterIPs(service, old);
    expect(service.spec).toEqual(old.spec);
  });

  it('loses its address when it becomes an ExternalName', () => {
    const service: V1Service = { spec: { ...old.spec, type: 'ExternalName', externalName: 'example.com' } };
    normaliseClusterIPs(service, old);
    expect(service.spec).toEqual({ type: 'ExternalName', externalName: 'example.com' });
  });
});

describe('others', () => {
  it('writes stringData into data', () => {
    const secret: V1Secret = { data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 'bé' } };
    expect(defaulted(secret, defaultSecret)).toEqual({ type: 'Opaque', data: { a: 'YQ==', b: 'YsOp' } });
  });

  it.each([
    [{}, { completions: 1, parallelism: 1 }],
    [{ parallelism: 3 }, { parallelism: 3 }],
    [{ completions: 4 }, { completions: 4, parallelism: 1 }],
  ])('gives a job %j runs: %j', (given, expected) => {
    const job: V1Job = { spec: { ...given, template: { spec: { containers: [] } } } };
    const { completions, parallelism } = defaulted(job, defaultJob).spec ?? {};
    expect({ completions, parallelism }).toEqual({ completions: undefined, ...expected });
  });
});
