import { describe, expect, it } from 'vitest';
import { epochMs, node, pod, timeAt } from '../testing/objects.ts';
import { lostInMs, observe, unknownConditions } from './health.ts';
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

describe('health', () => {
  const settings = { graceMs: 40_000, startupGraceMs: 60_000 };
  const lease = (renewTime: string) => ({ spec: { renewTime } });

  it('counts from the last change that was seen, whatever the node writes as its time', () => {
    const first = observe(undefined, node('n', 'True'), lease('1999'), epochMs);
    const same = observe(first, node('n', 'True'), lease('1999'), epochMs + 39_000);
    expect(lostInMs(node('n', 'True'), same, settings, epochMs + 39_000)).toBe(1_000);
    const renewed = observe(same, node('n', 'True'), lease('2000'), epochMs + 39_500);
    expect(lostInMs(node('n', 'True'), renewed, settings, epochMs + 40_000)).toBe(39_500);
  });

  it('does not take its own verdict for a sign of life', () => {
    const first = observe(undefined, node('n', 'True'), undefined, epochMs);
    const conditions = unknownConditions(node('n', 'True'), epochMs + 40_000);
    const lost = { ...node('n', 'Unknown'), status: { conditions } };
    expect(observe(first, lost, undefined, epochMs + 41_000)).toBe(first);
    expect(unknownConditions(lost, epochMs + 41_000)).toBeUndefined();
  });
});

describe('the pace of evictions', () => {
  const settings = {
    unhealthyShare: 0.55,
    largeZoneNodes: 50,
    evictionsPerSecond: 0.1,
    partialEvictionsPerSecond: 0.01,
  };
  const nodes = (ready: number, lost: number) => [
    ...Array.from({ length: ready }, (_, index) => node(`r${index}`, 'True')),
    ...Array.from({ length: lost }, (_, index) => node(`l${index}`, 'Unknown')),
  ];

  it('lets one node go every ten seconds', () => {
    let nowMs = epochMs;
    const pace = createEvictionPace(settings, () => nowMs);
    const all = nodes(5, 2);
    const [first, second] = all.slice(5);
    if (!first || !second) throw new Error('two nodes are lost');
    expect([pace.mode(first, all), pace.mode(second, all), pace.mode(first, all)]).toEqual(['evict', 'hold', 'evict']);
    nowMs += 10_000;
    expect(pace.mode(second, all)).toBe('evict');
  });

  it('stops when most of a small zone is lost, and calls off when all is', () => {
    const pace = createEvictionPace(settings, () => epochMs);
    const most = nodes(2, 3);
    expect(pace.mode(node('l0', 'Unknown'), most)).toBe('hold');
    expect(pace.mode(node('l0', 'Unknown'), nodes(0, 3))).toBe('spare');
    expect(pace.mode(node('alone', 'Unknown'), [node('alone', 'Unknown')])).toBe('spare');
  });
});
