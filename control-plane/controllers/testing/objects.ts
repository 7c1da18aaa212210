import type {
  V1DaemonSet,
  V1Deployment,
  V1Node,
  V1Pod,
  V1ReplicaSet,
  V1Service,
  V1StatefulSet,
} from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';

/** Objects as a server would return them, for tests of what is decided from them. */

export const epochMs = Date.UTC(2026, 0, 1);
export const timeAt = (ms: number): string => `${new Date(epochMs + ms).toISOString().slice(0, 19)}Z`;

type Meta = { name: string } & Partial<Stored<V1Pod>['metadata']>;

const metadata = ({ name, ...rest }: Meta, namespace?: string): Stored<V1Pod>['metadata'] => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: timeAt(0),
  ...(namespace && { namespace }),
  ...rest,
});

export const deployment = (
  spec: Partial<NonNullable<V1Deployment['spec']>> = {},
  status?: V1Deployment['status'],
  meta: Partial<Meta> = {},
): Stored<V1Deployment> => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata({ name: 'web', generation: 1, ...meta }, 'default'),
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate('one'),
    progressDeadlineSeconds: 600,
    revisionHistoryLimit: 10,
    ...spec,
  },
  ...(status && { status }),
});

export const statefulSet = (
  spec: Partial<NonNullable<V1StatefulSet['spec']>> = {},
  status?: V1StatefulSet['status'],
  meta: Partial<Meta> = {},
): Stored<V1StatefulSet> => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: metadata({ name: 'web', generation: 1, ...meta }, 'default'),
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    serviceName: 'web',
    template: podTemplate('one'),
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
    revisionHistoryLimit: 10,
    ...spec,
  },
  ...(status && { status }),
});

export const daemonSet = (
  spec: Partial<NonNullable<V1DaemonSet['spec']>> = {},
  status?: V1DaemonSet['status'],
  meta: Partial<Meta> = {},
): Stored<V1DaemonSet> => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: metadata({ name: 'web', generation: 1, ...meta }, 'default'),
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: podTemplate('one'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
    ...spec,
  },
  ...(status && { status }),
});

export const podTemplate = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image }] },
});

export const replicaSet = (
  name: string,
  image: string,
  replicas: number,
  status: Partial<NonNullable<V1ReplicaSet['status']>> = {},
  meta: Partial<Meta> = {},
): Stored<V1ReplicaSet> => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: metadata({ name, generation: 1, ...meta }, 'default'),
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate(image) },
  status: { replicas, observedGeneration: 1, ...status },
});

export interface PodOptions {
  readonly meta?: Partial<Meta>;
  readonly spec?: Partial<NonNullable<V1Pod['spec']>>;
  readonly phase?: string;
  /** Milliseconds after the epoch of the tests; absent: not ready. */
  readonly readyAtMs?: number;
  readonly ip?: string;
  readonly restarts?: number;
}

export const pod = (name: string, options: PodOptions = {}): Stored<V1Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: metadata({ name, labels: { app: 'web' }, ...options.meta }, 'default'),
  spec: { containers: [{ name: 'main', image: 'one' }], ...options.spec },
  status: {
    phase: options.phase ?? 'Running',
    ...(options.ip && { podIP: options.ip, podIPs: [{ ip: options.ip }] }),
    conditions: [
      options.readyAtMs === undefined
        ? { type: 'Ready', status: 'False' }
        : { type: 'Ready', status: 'True', lastTransitionTime: timeAt(options.readyAtMs) },
    ],
    containerStatuses: [{ name: 'main', image: 'one', imageID: '', ready: true, restartCount: options.restarts ?? 0 }],
  },
});

export const node = (
  name: string,
  ready: 'True' | 'False' | 'Unknown' | undefined,
  options: {
    spec?: V1Node['spec'];
    labels?: Record<string, string>;
    conditions?: NonNullable<V1Node['status']>['conditions'];
  } = {},
): Stored<V1Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: metadata({ name, ...(options.labels && { labels: options.labels }) }),
  ...(options.spec && { spec: options.spec }),
  status: {
    conditions: [
      ...(ready ? [{ type: 'Ready', status: ready, reason: 'KubeletReady', lastTransitionTime: timeAt(0) }] : []),
      ...(options.conditions ?? []),
    ],
  },
});

export const service = (
  spec: Partial<NonNullable<V1Service['spec']>> = {},
  meta: Partial<Meta> = {},
): Stored<V1Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata({ name: 'web', ...meta }, 'default'),
  spec: { selector: { app: 'web' }, clusterIP: '10.43.0.1', ports: [{ port: 80, targetPort: 8080 }], ...spec },
});
