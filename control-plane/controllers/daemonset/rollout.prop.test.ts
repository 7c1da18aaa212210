import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSeededRandom } from '#base/virtual/random.ts';
import { isPodAvailable } from '../shared/pods.ts';
import { daemonSet, epochMs, node, pod, podTemplate, timeAt } from '../testing/objects.ts';
import { targetNodeOf } from './eligible.ts';
import { limitsOf } from './limits.ts';
import { planDaemonSet } from './plan.ts';
import { type DaemonSet, hashOf, newPod, type Pod } from './pod.ts';

interface World {
  set: DaemonSet;
  nodes: string[];
  tainted: Set<string>;
  pods: Map<string, Pod>;
  made: number;
}

const random = createSeededRandom(7);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('plan') }) },
  fc.record({ kind: fc.constantFrom('ready', 'unready', 'gone', 'fail', 'delete', 'place'), pick: fc.nat(20) }),
  fc.record({ kind: fc.constantFrom('taint', 'untaint'), pick: fc.nat(4) }),
  fc.record({ kind: fc.constant('template'), image: fc.constantFrom('a', 'b', 'c') }),
);
type Taken = { kind: string; pick?: number; image?: string };

const strategy = fc.oneof(
  fc.constantFrom(1, 2, '50%').map((maxUnavailable) => ({ maxUnavailable, maxSurge: 0 })),
  fc.constantFrom(1, 2, '50%').map((maxSurge) => ({ maxUnavailable: 0, maxSurge })),
);

it('a daemon set keeps its promises at every step, and ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      strategy,
      fc.array(step, { maxLength: 80, size: 'max' }),
      (count, rolling, steps) => {
        const world: World = {
          set: daemonSet({
            template: podTemplate('a'),
            updateStrategy: { type: 'RollingUpdate', rollingUpdate: rolling },
          }),
          nodes: Array.from({ length: count }, (_, index) => `n${index}`),
          tainted: new Set(),
          pods: new Map(),
          made: 0,
        };
        settle(world);
        for (const one of steps) take(world, one);
        settle(world);
        const wanted = world.nodes.filter((name) => !world.tainted.has(name));
        const at = [...world.pods.values()].filter((one) => wanted.includes(targetNodeOf(one) ?? ''));
        expect(at.map(targetNodeOf).sort()).toEqual(wanted.sort());
        expect(new Set(at.map(hashOf))).toEqual(new Set(wanted.length > 0 ? [hashOfSet(world.set)] : []));
        expect(world.set.status?.numberReady).toBe(wanted.length);
      },
    ),
    { numRuns: 150 },
  );
});

const hashOfSet = ({ spec }: DaemonSet): string => spec?.template.spec?.containers[0]?.image ?? '';
const isGoing = (one: Pod): boolean => one.metadata.deletionTimestamp !== undefined;
const isWell = (one: Pod): boolean =>
  !isGoing(one) && one.status?.phase === 'Running' && isPodAvailable(one, 0, epochMs);

function carryOut(world: World): void {
  const { set } = world;
  const hash = hashOfSet(set);
  const nodes = world.nodes.map((name) =>
    node(name, 'True', world.tainted.has(name) ? { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } } : {}),
  );
  const pods = [...world.pods.values()];
  const plan = planDaemonSet({ set, nodes, pods, hash, failureDelayMs: () => 0 }, epochMs);
  const wanted = world.nodes.filter((name) => !world.tainted.has(name));
  const limits = limitsOf(set, wanted.length);
  const on = (name: string): Pod[] => pods.filter((one) => targetNodeOf(one) === name);

  expect(new Set(plan.remove).size).toBe(plan.remove.length);
  for (const one of plan.remove) expect(isGoing(one)).toBe(false);
  for (const name of plan.create) {
    expect(wanted).toContain(name);
    // A pod that ended and goes has no processes any more; any other must be gone, or going, or the old one of a surge.
    const there = on(name).filter((one) => !isGoing(one) || (limits.maxSurge === 0 && one.status?.phase !== 'Failed'));
    expect(there.length).toBeLessThanOrEqual(limits.maxSurge > 0 ? 1 : 0);
    expect(there.every((one) => hashOf(one) !== hash)).toBe(true);
  }
  // Of the nodes whose old pod works, no more have a new one beside it than the surge allows.
  const working = plan.create.filter((name) => on(name).some(isWell));
  const surged = world.nodes.filter((name) => {
    const staying = on(name).filter((one) => !isGoing(one) && one.status?.phase !== 'Failed');
    return staying.some((one) => hashOf(one) === hash) && staying.some((one) => hashOf(one) !== hash && isWell(one));
  });
  if (working.length > 0) expect(working.length + surged.length).toBeLessThanOrEqual(limits.maxSurge);
  const served = (gone: readonly Pod[]): number =>
    wanted.filter((name) => on(name).some((one) => isWell(one) && !gone.includes(one))).length;
  const before = served([]);
  const after = served(plan.remove);
  // What a rollout takes away stays within what it may, unless less was there already.
  if (after < before) expect(wanted.length - after).toBeLessThanOrEqual(limits.maxUnavailable);

  for (const name of plan.create) {
    world.made += 1;
    const fresh = newPod(set, name, hash, random);
    const { labels = {}, name: podName = '' } = fresh.metadata ?? {};
    const meta = { labels, creationTimestamp: timeAt(Math.floor(world.made / 4) * 1000) };
    world.pods.set(podName, pod(podName, { phase: 'Pending', meta, ...(fresh.spec && { spec: fresh.spec }) }));
  }
  for (const one of plan.remove) going(world, one);
  world.set = { ...set, status: plan.status };
}

const going = (world: World, one: Pod): void => {
  const metadata = { ...one.metadata, deletionTimestamp: timeAt(0) };
  world.pods.set(one.metadata.name, { ...one, metadata });
};

const setReady = (world: World, one: Pod, ready: boolean): void => {
  const fresh = pod(one.metadata.name, { meta: one.metadata, ...(ready && { readyAtMs: 0 }) });
  world.pods.set(one.metadata.name, { ...one, ...(fresh.status && { status: fresh.status }) });
};

function take(world: World, one: Taken): void {
  if (one.kind === 'plan') carryOut(world);
  const { spec } = world.set;
  if (one.kind === 'template' && spec) {
    world.set = { ...world.set, spec: { ...spec, template: podTemplate(one.image ?? 'a') } };
  }
  const name = world.nodes[(one.pick ?? 0) % world.nodes.length] ?? '';
  if (one.kind === 'taint') world.tainted.add(name);
  if (one.kind === 'untaint') world.tainted.delete(name);
  const all = [...world.pods.values()];
  const picked = all[(one.pick ?? 0) % Math.max(1, all.length)];
  if (!picked) return;
  if (one.kind === 'ready' && picked.status?.phase !== 'Failed') setReady(world, picked, true);
  if (one.kind === 'unready' && picked.status?.phase !== 'Failed') setReady(world, picked, false);
  if (one.kind === 'delete') going(world, picked);
  if (one.kind === 'fail')
    world.pods.set(picked.metadata.name, { ...picked, status: { ...picked.status, phase: 'Failed' } });
  if (one.kind === 'gone' && isGoing(picked)) world.pods.delete(picked.metadata.name);
}

/** Everybody does their part until nothing changes. */
function settle(world: World): void {
  for (let round = 0; round < 60; round += 1) {
    for (const one of [...world.pods.values()]) {
      if (one.metadata.deletionTimestamp) world.pods.delete(one.metadata.name);
      else if (one.status?.phase !== 'Failed') setReady(world, one, true);
    }
    carryOut(world);
  }
}
