import { describe, expect, it } from 'vitest';
import type { V1Namespace, V1Pod, V1Service } from '#api/generated/types.ts';
import { namespaceResource } from './namespace.ts';
import { podStrategy } from './pod-strategy.ts';
import { serviceResource } from './service.ts';

const context = { nowMs: Date.UTC(2026, 0, 1) };
const bound: V1Pod = {
  metadata: { name: 'web', resourceVersion: '1', generation: 3 },
  spec: { nodeName: 'n1', terminationGracePeriodSeconds: 20, containers: [{ name: 'c', image: 'i' }] },
  status: { phase: 'Running', qosClass: 'BestEffort', podIP: '10.42.0.1' },
};

describe('pods', () => {
  it('begin pending, whatever status they are sent with', () => {
    const pod: V1Pod = {
      metadata: { name: 'web' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1', memory: '1Gi' } } }] },
      status: { phase: 'Running', podIP: '6.6.6.6' },
    };
    podStrategy.default?.(pod);
    podStrategy.prepareForCreate?.(pod, context);
    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'Guaranteed' });
    expect(pod.metadata?.generation).toBe(1);
  });

  it('say that gates hold them', () => {
    const pod: V1Pod = { spec: { containers: [], schedulingGates: [{ name: 'a/b' }] } };
    podStrategy.prepareForCreate?.(pod, context);
    expect(pod.status?.conditions).toEqual([
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  it.each<[string, Partial<V1Pod>, number | undefined, number]>([
    ['as they say themselves', {}, undefined, 20],
    ['as the request says', {}, 5, 5],
    ['at once when asked to', {}, 0, 0],
    [
      'in a second, when the time is negative',
      { spec: { ...bound.spec, containers: [], terminationGracePeriodSeconds: -5 } },
      undefined,
      1,
    ],
    ['at once before they are bound', { spec: { containers: [], terminationGracePeriodSeconds: 30 } }, undefined, 0],
    ['at once after their end', { status: { phase: 'Failed' } }, 30, 0],
  ])('are deleted %s', (_name, change, requested, seconds) => {
    expect(podStrategy.gracePeriodSeconds?.({ ...bound, ...change }, requested)).toBe(seconds);
  });

  it('keep their status on a PUT, and their spec on a PUT of /status', () => {
    const put = { ...structuredClone(bound), status: {} };
    podStrategy.prepareForUpdate?.(put, bound, context);
    expect(put.status).toEqual(bound.status);
    const status = { ...structuredClone(bound), spec: { containers: [] }, status: { phase: 'Failed' } };
    podStrategy.prepareForUpdate?.(status, bound, { ...context, subresource: 'status' });
    expect(status.spec).toEqual(bound.spec);
    expect(status.status).toEqual({ phase: 'Failed', qosClass: 'BestEffort' });
    expect(status.metadata).toMatchObject({ generation: 3 });
  });

  it('get ephemeral containers and new resources only through their own doors', () => {
    const wanted: V1Pod = {
      ...structuredClone(bound),
      spec: {
        containers: [{ name: 'c', image: 'other', resources: { requests: { cpu: '1' } } }],
        ephemeralContainers: [{ name: 'e', image: 'i' }],
      },
    };
    const ephemeral = structuredClone(wanted);
    podStrategy.prepareForUpdate?.(ephemeral, bound, { ...context, subresource: 'ephemeralcontainers' });
    expect(ephemeral.spec).toEqual({ ...bound.spec, ephemeralContainers: wanted.spec?.ephemeralContainers });
    expect(ephemeral.metadata?.generation).toBe(4);
    const resize = structuredClone(wanted);
    podStrategy.prepareForUpdate?.(resize, bound, { ...context, subresource: 'resize' });
    expect(resize.spec?.containers).toEqual([{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }]);
    expect(resize.spec?.nodeName).toBe('n1');
  });
});

describe('services', () => {
  const old: V1Service = {
    metadata: { name: 'web' },
    spec: {
      type: 'NodePort',
      clusterIP: '10.43.0.5',
      clusterIPs: ['10.43.0.5'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: [{ port: 80, nodePort: 30_080, protocol: 'TCP', targetPort: 80 }],
    },
    status: { loadBalancer: {} },
  };

  it('lose what belongs to their old type', () => {
    const service: V1Service = structuredClone(old);
    if (service.spec) service.spec.type = 'ClusterIP';
    serviceResource.strategy.prepareForUpdate?.(service, old, context);
    expect(service.spec).toMatchObject({
      clusterIP: '10.43.0.5',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
    expect(service.spec?.ports?.[0]).not.toHaveProperty('nodePort');
    expect(serviceResource.strategy.validate?.(service, context)).toEqual([]);
    expect(serviceResource.strategy.validateUpdate?.(service, old, context)).toEqual([]);
  });
});

describe('namespaces', () => {
  const { strategy } = namespaceResource;
  const active = (): V1Namespace => {
    const namespace: V1Namespace = { metadata: { name: 'a' } };
    strategy.default?.(namespace);
    strategy.prepareForCreate?.(namespace, context);
    return namespace;
  };

  it('are active, labelled, and held until they are empty', () => {
    expect(active()).toEqual({
      metadata: { name: 'a', labels: { 'kubernetes.io/metadata.name': 'a' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  it('are let go only by /finalize', () => {
    const put: V1Namespace = { ...active(), spec: {} };
    strategy.prepareForUpdate?.(put, active(), context);
    expect(put.spec).toEqual({ finalizers: ['kubernetes'] });
    const finalize: V1Namespace = { ...active(), spec: {} };
    strategy.prepareForUpdate?.(finalize, active(), { ...context, subresource: 'finalize' });
    expect(finalize.spec).toEqual({});
  });
});
