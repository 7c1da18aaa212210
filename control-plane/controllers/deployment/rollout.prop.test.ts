import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { V1Deployment, V1ReplicaSet } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { deployment, epochMs, podTemplate, timeAt } from '../testing/objects.ts';
import { rolloutLimits } from './limits.ts';
import { planDeployment } from './plan.ts';

/** Pods of one ReplicaSet as the property's world keeps them. */
interface World {
  deployment: Stored<V1Deployment>;
  replicaSets: Map<string, { object: Stored<V1ReplicaSet>; pods: number; available: number }>;
  made: number;
}

const share = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: 0, max: 100 }).map((share) => `${share}%`),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant('plan' as const) }),
  fc.record({ kind: fc.constant('pods' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('ready' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('status' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('template' as const), image: fc.constantFrom('a', 'b', 'c') }),
);

it('a rolling update keeps its promises at every step, and ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      share,
      share,
      fc.array(step, { maxLength: 60 }),
      (replicas, maxSurge, maxUnavailable, steps) => {
        const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
        const world: World = {
          deployment: deployment({ replicas, strategy, template: podTemplate('a') }),
          replicaSets: new Map(),
          made: 0,
        };
        settle(world);
        const limits = rolloutLimits(world.deployment);
        for (const one of steps) {
          take(world, one);
          const all = [...world.replicaSets.values()];
          const wanted = all.reduce((total, { object }) => total + (object.spec?.replicas ?? 0), 0);
          const available = all.reduce((total, { available }) => total + available, 0);
          expect(wanted).toBeLessThanOrEqual(limits.replicas + limits.maxSurge);
          expect(available).toBeGreaterThanOrEqual(limits.replicas - limits.maxUnavailable);
        }
        settle(world);
        for (const { object, pods, available } of world.replicaSets.values()) {
          const isNewest = object.spec?.template?.spec?.containers?.[0]?.image === imageOf(world.deployment);
          expect([pods, available]).toEqual(isNewest ? [replicas, replicas] : [0, 0]);
        }
      },
    ),
    { numRuns: 300 },
  );
});

const imageOf = (of: V1Deployment): string | undefined => of.spec?.template.spec?.containers[0]?.image;

function take(world: World, one: { kind: string; pick?: number; image?: string }): void {
  if (one.kind === 'plan') {
    plan(world);
    return;
  }
  if (one.kind === 'template') {
    const template = podTemplate(one.image ?? 'a');
    const spec = { ...world.deployment.spec, selector: { matchLabels: { app: 'web' } }, template };
    world.deployment = { ...world.deployment, spec };
    return;
  }
  const all = [...world.replicaSets.values()];
  const picked = all[(one.pick ?? 0) % Math.max(all.length, 1)];
  if (!picked) return;
  if (one.kind === 'pods') movePods(picked);
  if (one.kind === 'ready') picked.available = Math.min(picked.pods, picked.available + 1);
  if (one.kind === 'status') report(picked);
}

type Entry = World['replicaSets'] extends Map<string, infer E> ? E : never;

/** The ReplicaSet's controller: what is not available goes first. */
function movePods(entry: Entry): void {
  entry.pods = entry.object.spec?.replicas ?? 0;
  entry.available = Math.min(entry.available, entry.pods);
}

function report(entry: Entry): void {
  const status = { replicas: entry.pods, availableReplicas: entry.available, observedGeneration: 1 };
  entry.object = { ...entry.object, status };
}

function plan(world: World): void {
  const replicaSets = [...world.replicaSets.values()].map(({ object }) => object);
  const next = planDeployment({ deployment: world.deployment, replicaSets, runningPodsOf: () => 0 }, epochMs);
  world.deployment = { ...world.deployment, status: next.status };
  if (next.create) {
    world.made += 1;
    const name = next.create.metadata?.name ?? '';
    const creationTimestamp = timeAt(world.made * 1000);
    const metadata = { ...next.create.metadata, name, uid: name, resourceVersion: '1', creationTimestamp };
    const object = { ...next.create, apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata };
    world.replicaSets.set(name, { object, pods: 0, available: 0 });
  }
  for (const { original, replicas, annotations } of next.change) {
    const entry = world.replicaSets.get(original.metadata.name);
    if (!entry?.object.spec) continue;
    const metadata = { ...entry.object.metadata, annotations };
    entry.object = { ...entry.object, metadata, spec: { ...entry.object.spec, replicas } };
  }
  for (const { metadata } of next.remove) world.replicaSets.delete(metadata.name);
}

/** Everybody does their part until nothing changes. */
function settle(world: World): void {
  for (let round = 0; round < 200; round += 1) {
    plan(world);
    for (const entry of world.replicaSets.values()) {
      movePods(entry);
      entry.available = entry.pods;
      report(entry);
    }
  }
}
