import fc from 'fast-check';
import { expect, it } from 'vitest';
import { epochMs, pod, podTemplate, statefulSet, timeAt } from '../testing/objects.ts';
import { ordinalOf, type Pod, revisionOf, type StatefulSet } from './identity.ts';
import { limitsOf } from './limits.ts';
import { planStatefulSet, type StatefulSetPlan } from './plan.ts';

interface World {
  set: StatefulSet;
  /** By name, as an API server keeps them: one object of each. */
  pods: Map<string, Pod>;
  made: number;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('plan' as const) }) },
  fc.record({ kind: fc.constantFrom('ready', 'unready', 'gone', 'fail', 'delete'), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant('template' as const), image: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('scale' as const), replicas: fc.nat(6) }),
);
type Taken = { kind: string; pick?: number; image?: string; replicas?: number };

const limits = fc.record({
  replicas: fc.nat(6),
  ordered: fc.boolean(),
  start: fc.constantFrom(0, 3),
  partition: fc.constantFrom(0, 0, 0, 2),
  maxUnavailable: fc.constantFrom(1, 2, '50%'),
});

it('a stateful set keeps its promises at every step, and ends', () => {
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 80, size: 'max' }), (drawn, steps) => {
      const world: World = {
        set: statefulSet({
          replicas: drawn.replicas,
          template: podTemplate('a'),
          podManagementPolicy: drawn.ordered ? 'OrderedReady' : 'Parallel',
          ordinals: { start: drawn.start },
          updateStrategy: {
            type: 'RollingUpdate',
            rollingUpdate: { partition: drawn.partition, maxUnavailable: drawn.maxUnavailable },
          },
        }),
        pods: new Map(),
        made: 0,
      };
      settle(world);
      for (const one of steps) take(world, one);
      // A broken pod holds up an ordered set until somebody deletes it, as in Kubernetes; everybody gets well here.
      settle(world);
      const { replicas, start, partition } = limitsOf(world.set);
      const names = Array.from({ length: replicas }, (_, index) => `web-${start + index}`);
      expect([...world.pods.keys()].sort()).toEqual(names.sort());
      const update = world.set.status?.updateRevision;
      for (const one of world.pods.values()) {
        if ((ordinalOf(world.set, one) ?? 0) >= start + partition) expect(revisionOf(one)).toBe(update);
      }
      expect(world.set.status?.readyReplicas ?? 0).toBe(replicas);
      expect(plan(world).steps).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

const isWell = (one: Pod): boolean =>
  one.status?.phase === 'Running' &&
  one.status.conditions?.[0]?.status === 'True' &&
  one.metadata.deletionTimestamp === undefined;

const revisionName = ({ spec }: StatefulSet): string => `web-${spec?.template.spec?.containers[0]?.image}`;

function plan(world: World): StatefulSetPlan {
  const { set } = world;
  const update = revisionName(set);
  const current = set.status?.currentRevision ?? update;
  return planStatefulSet(
    {
      set,
      pods: [...world.pods.values()],
      claimOf: () => undefined,
      revisions: { current, update },
      current: podTemplate(current.slice('web-'.length)),
      update: podTemplate(update.slice('web-'.length)),
    },
    epochMs,
  );
}

function carryOut(world: World): void {
  const next = plan(world);
  const { ordered, maxUnavailable, replicas, start } = limitsOf(world.set);
  const creates = next.steps.flatMap((one) => (one.kind === 'create' ? [one.pod] : []));
  const removes = next.steps.flatMap((one) => (one.kind === 'remove' ? [one.pod] : []));
  const ordinal = (one: Pod): number => ordinalOf(world.set, one) ?? -1;
  const members = [...world.pods.values()].filter((one) => ordinal(one) >= start && ordinal(one) < start + replicas);

  // Nobody is removed twice, and nobody who is going.
  expect(new Set(removes).size).toBe(removes.length);
  for (const one of removes) expect(one.metadata.deletionTimestamp).toBeUndefined();
  // A rollout takes away only what it may: what works and is wanted.
  const taken = removes.filter((one) => members.includes(one) && isWell(one));
  if (taken.length > 0)
    expect(replicas - members.filter(isWell).length + taken.length).toBeLessThanOrEqual(maxUnavailable);
  if (ordered) {
    expect(creates.length).toBeLessThanOrEqual(1);
    for (const { metadata } of creates) {
      const made = Number(metadata?.name?.slice('web-'.length));
      const below = Array.from({ length: made - start }, (_, index) => world.pods.get(`web-${start + index}`));
      for (const one of below) expect(one && isWell(one)).toBe(true);
    }
    // The one that goes for good is the highest there is.
    const condemned = removes.filter((one) => !members.includes(one));
    expect(condemned.length).toBeLessThanOrEqual(1);
    const there = [...world.pods.values()].map(ordinal);
    for (const one of condemned) if (ordinal(one) >= start) expect(ordinal(one)).toBe(Math.max(...there));
  }
  for (const { metadata, spec } of creates) {
    const name = metadata?.name ?? '';
    // As an API server refuses it.
    expect(world.pods.has(name)).toBe(false);
    world.made += 1;
    const labels = metadata?.labels ?? {};
    world.pods.set(name, pod(name, { phase: 'Pending', meta: { labels, uid: `u${world.made}` }, spec: spec ?? {} }));
  }
  for (const one of removes) going(world, one);
  world.set = { ...world.set, status: next.status };
}

const going = (world: World, one: Pod): void => {
  const metadata = { ...one.metadata, deletionTimestamp: timeAt(0) };
  world.pods.set(one.metadata.name, { ...one, metadata });
};

const setReady = (world: World, one: Pod, ready: boolean): void => {
  if (one.status?.phase === 'Failed') return;
  const fresh = pod(one.metadata.name, { meta: one.metadata, ...(ready && { readyAtMs: 0 }) });
  world.pods.set(one.metadata.name, { ...one, ...(fresh.status && { status: fresh.status }) });
};

function take(world: World, one: Taken): void {
  const all = [...world.pods.values()];
  const picked = all[(one.pick ?? 0) % Math.max(1, all.length)];
  if (one.kind === 'plan') carryOut(world);
  const { spec } = world.set;
  if (one.kind === 'template' && spec)
    world.set = { ...world.set, spec: { ...spec, template: podTemplate(one.image ?? 'a') } };
  if (one.kind === 'scale' && spec) world.set = { ...world.set, spec: { ...spec, replicas: one.replicas ?? 0 } };
  if (!picked) return;
  if (one.kind === 'ready') setReady(world, picked, true);
  if (one.kind === 'unready') setReady(world, picked, false);
  if (one.kind === 'delete') going(world, picked);
  if (one.kind === 'fail')
    world.pods.set(picked.metadata.name, { ...picked, status: { ...picked.status, phase: 'Failed' } });
  if (one.kind === 'gone' && picked.metadata.deletionTimestamp) world.pods.delete(picked.metadata.name);
}

/** Everybody does their part until nothing changes. */
function settle(world: World): void {
  for (let round = 0; round < 100; round += 1) {
    for (const one of [...world.pods.values()]) {
      if (one.metadata.deletionTimestamp) world.pods.delete(one.metadata.name);
      else setReady(world, one, true);
    }
    carryOut(world);
  }
}
