import { describe, expect, it } from 'vitest';
import type { V2HorizontalPodAutoscaler } from '../generated/types.ts';
import { fromV2, toV2 } from './conversion.ts';

const target = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' };
const full: V2HorizontalPodAutoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', annotations: { mine: 'x' } },
  spec: {
    minReplicas: 2,
    maxReplicas: 5,
    scaleTargetRef: target,
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 60 } },
      },
      {
        type: 'Pods',
        pods: {
          metric: { name: 'qps', selector: { matchLabels: { a: 'b' } } },
          target: { type: 'AverageValue', averageValue: '10' },
        },
      },
      {
        type: 'Object',
        object: { metric: { name: 'hits' }, describedObject: target, target: { type: 'Value', value: '100' } },
      },
      { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '30' } } },
    ],
    behavior: {
      scaleDown: {
        stabilizationWindowSeconds: 60,
        selectPolicy: 'Min',
        policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }],
      },
    },
  },
};

describe('autoscaling/v1 and v2', () => {
  it('lose nothing of a spec on the way there and back', () => {
    expect(toV2(fromV2(full))).toEqual(full);
  });

  it('show CPU in the field of v1 and the rest in annotations', () => {
    const old = fromV2(full);
    expect(old.spec).toEqual({
      minReplicas: 2,
      maxReplicas: 5,
      scaleTargetRef: target,
      targetCPUUtilizationPercentage: 70,
    });
    expect(Object.keys(old.metadata?.annotations ?? {})).toEqual([
      'mine',
      'autoscaling.alpha.kubernetes.io/metrics',
      'autoscaling.alpha.kubernetes.io/behavior',
    ]);
  });

  it.each([
    '',
    '{',
    'null',
    '[1]',
    '{"a":1}',
    '[{"type":"Resource"}]',
    '[{"type":"Pods","pods":{"selector":{"matchLabels":[1]}}}]',
  ])('survive %s in the annotations', (text) => {
    const annotations = {
      'autoscaling.alpha.kubernetes.io/metrics': text,
      'autoscaling.alpha.kubernetes.io/behavior': text,
    };
    const hpa = toV2({ metadata: { annotations }, spec: { maxReplicas: 1, scaleTargetRef: target } });
    expect(hpa.metadata).toEqual({});
    expect(hpa.spec?.maxReplicas).toBe(1);
  });
});
