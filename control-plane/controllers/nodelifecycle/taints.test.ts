import { describe, expect, it } from 'vitest';
import type { V1Node } from '#api/generated/types.ts';
import { epochMs, node, pod, timeAt } from '../testing/objects.ts';
import { createNodeCensus } from './census.ts';
import { reportOf, unknownConditions } from './health.ts';
import { createEvictionPace } from './pace.ts';
import { wantedTaints } from './taints.ts';
import { evictionAtMs, tolerates } from './tolerations.ts';

const short = (of: ReturnType<typeof wantedTaints>): string[] | undefined =>
  of?.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);

describe('wantedTaints', () => {
  it('says why a node takes no pods', () => {
    expect(wantedTaints(node('n', 'True'), 'evict', epochMs)).toBeUndefined();
    expect(short(wantedTaints(node('n', 'False'), 'evict', epochMs))).toEqual([
      'not-ready:NoSchedule',
      'not-ready:NoExecute',
    ]);
    expect(short(wantedTaints(node('n', 'Unknown'), 'hold', epochMs))).toEqual(['unreachable:NoSchedule']);
    const pressed = node('n', 'True', {
      spec: { unschedulable: true },
      conditions: [{ type: 'DiskPressure', status: 'True' }],
    });
    expect(short(wantedTaints(pressed, 'evict', epochMs))).toEqual([
      'disk-pressure:NoSchedule',
      'unschedulable:NoSchedule',
    ]);
  });

  it('takes its taints away when the reason is gone, and no others', () => {
    const back = node('n', 'True', {
      spec: {
        taints: [
          { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: timeAt(0) },
          { key: 'mine', effect: 'NoExecute' },
        ],
      },
    });
    expect(short(wantedTaints(back, 'evict', epochMs))).toEqual(['mine:NoExecute']);
  });

  it('keeps the time of a taint that stays, and calls evictions off when all is lost', () => {
    const taints = wantedTaints(node('n', 'Unknown'), 'evict', epochMs) ?? [];
    const lost = node('n', 'Unknown', { spec: { taints } });
    expect(wantedTaints(lost, 'evict', epochMs + 60_000)).toBeUndefined();
    expect(wantedTaints(lost, 'hold', epochMs + 60_000)).toBeUndefined();
    expect(short(wantedTaints(lost, 'spare', epochMs + 60_000))).toEqual(['unreachable:NoSchedule']);
  });
});

describe('tolerations', () => {
  const taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: timeAt(0) };
  const at = (...tolerations: object[]): number | undefined => {
    const of = evictionAtMs(pod('p', { spec: { tolerations } }), [taint], epochMs + 10_000);
    return of === undefined ? undefined : of - epochMs;
  };

  it('matches keys, operators, values and effects', () => {
    expect(tolerates({ operator: 'Exists' }, taint)).toBe(true);
    expect(tolerates({ operator: 'Exists', effect: 'NoSchedule' }, taint)).toBe(false);
    expect(tolerates({ key: taint.key, operator: 'Equal', value: 'x' }, taint)).toBe(false);
    expect(tolerates({ key: taint.key }, taint)).toBe(true);
    expect(tolerates({}, taint)).toBe(false);
  });

  it('counts from when the taint was added', () => {
    expect(at()).toBe(10_000);
    expect(at({ key: taint.key, operator: 'Exists' })).toBeUndefined();
    expect(at({ key: taint.key, operator: 'Exists', tolerationSeconds: 300 })).toBe(300_000);
    expect(at({ operator: 'Exists', tolerationSeconds: 5 }, { operator: 'Exists' })).toBe(5_000);
    expect(at({ operator: 'Exists', tolerationSeconds: -1 })).toBe(0);
  });
});

describe('the verdict', () => {
  it('is said once, and is no report of the node', () => {
    const conditions = unknownConditions(node('n', 'True'), epochMs + 40_000);
    const lost = { ...node('n', 'Unknown'), status: { conditions } };
    expect(reportOf(node('n', 'True'))).toContain('True KubeletReady');
    expect(reportOf(lost)).toBeUndefined();
    expect(unknownConditions(lost, epochMs + 41_000)).toBeUndefined();
  });
});

describe('the pace of evictions', () => {
  const settings = {
    unhealthyShare: 0.55,
    largeZoneNodes: 50,
    evictionsPerSecond: 0.1,
    evictionBurst: 2,
    partialEvictionsPerSecond: 0.01,
  };
  const nodes = (ready: number, lost: number, spec: V1Node['spec'] = {}) => [
    ...Array.from({ length: ready }, (_, index) => node(`r${index}`, 'True')),
    ...Array.from({ length: lost }, (_, index) => node(`l${index}`, 'Unknown', { spec })),
  ];
  const censusOf = (all: ReturnType<typeof nodes>) => {
    const census = createNodeCensus();
    for (const one of all) census.put(one);
    return census;
  };
  /** What may be done about each of the lost ones. */
  const modes = (all: ReturnType<typeof nodes>, pace = createEvictionPace(settings, () => epochMs)) =>
    all.filter(({ metadata }) => metadata.name.startsWith('l')).map((one) => pace.mode(one, censusOf(all)));

  it('lets a few nodes go at once, and then one every ten seconds', () => {
    let nowMs = epochMs;
    const pace = createEvictionPace(settings, () => nowMs);
    const all = nodes(5, 3);
    expect(modes(all, pace)).toEqual(['evict', 'evict', 'hold']);
    expect(modes(all, pace)).toEqual(['evict', 'evict', 'hold']);
    nowMs += 10_000;
    expect(modes(all, pace)).toEqual(['evict', 'evict', 'evict']);
  });

  it.each([
    [2, 1, 'evict'],
    [3, 1, 'evict'],
    [3, 2, 'spare'],
    [4, 2, 'evict'],
    [4, 3, 'spare'],
    [5, 2, 'evict'],
    [5, 3, 'spare'],
    [1, 1, 'spare'],
    [2, 2, 'spare'],
  ])('of %d nodes, %d lost: %s', (size, lost, mode) => {
    expect(new Set(modes(nodes(size - lost, lost)))).toEqual(new Set([mode]));
  });

  it('counts those no more that were given up long ago', () => {
    const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: timeAt(0) }];
    const all = [...nodes(1, 0), node('l0', 'Unknown', { spec: { taints } }), node('l1', 'Unknown')];
    let nowMs = epochMs + 300_000;
    const pace = createEvictionPace(settings, () => nowMs);
    expect(modes(all, pace)).toEqual(['spare', 'spare']);
    nowMs += 1_000;
    expect(modes(all, pace)).toEqual(['evict', 'evict']);
  });

  it('calls off what it began when more are lost', () => {
    const pace = createEvictionPace(settings, () => epochMs);
    expect(modes(nodes(2, 1), pace)).toEqual(['evict']);
    const taints = wantedTaints(node('l0', 'Unknown'), 'evict', epochMs) ?? [];
    const now = [...nodes(1, 0), node('l0', 'Unknown', { spec: { taints } }), node('l1', 'Unknown')];
    expect(modes(now, pace)).toEqual(['spare', 'spare']);
    expect(short(wantedTaints(now[1] ?? node('none', 'True'), 'spare', epochMs))).toEqual(['unreachable:NoSchedule']);
  });
});
