import { deployments, namespaces } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { noFaults } from '#client/testing/faults.ts';
import type { World } from '../world/world.ts';
import { drawFaults } from './chaos.ts';
import { startApps } from './converge.ts';
import { between, drawApp, type Scenario } from './scenario.ts';
import { createApp, settled } from './users.ts';

const policies = ['Background', 'Foreground', 'Orphan'] as const;
const namespace = 'doomed';

/**
 * Deployments are deleted in each way, and a namespace with one in it, while requests fail and the server may be killed.
 * In the end nothing is left of them, or, where that was asked for, everything but the deployment.
 */
export const deletion: Scenario = async (stage) => {
  const { world, rollouts } = stage;
  const { random } = world;
  const apps = [...(await startApps(stage)).keys()];
  await settled(world, world.user.create(namespaces, { metadata: { name: namespace } }));
  await createApp(world, 'inside', { ...drawApp(random, stage.size), replicas: 2 }, namespace);
  await world.pass(between(random, 0, 2_000));
  world.setFaults(drawFaults(random));
  const chosen = new Map<string, (typeof policies)[number]>();
  for (const app of apps) {
    rollouts.release(app);
    const propagationPolicy = policies[between(random, 0, 2)] ?? 'Background';
    chosen.set(app, propagationPolicy);
    await settled(world, world.user.delete(deployments, { namespace: 'default', name: app }, { propagationPolicy }));
    await world.pass(between(random, 0, 1_000));
  }
  await settled(world, world.user.delete(namespaces, { name: namespace }));
  if (random.next() < 0.5) {
    await world.pass(between(random, 0, 2_000));
    await world.crashServer();
    await world.pass(between(random, 0, 5_000));
    await world.startServer();
  }
  await world.pass(between(random, 0, 20_000));
  world.setFaults(noFaults);
  await world.converge('what was deleted is gone', () => left(world, chosen), 300_000);
};

function left(world: World, chosen: ReadonlyMap<string, (typeof policies)[number]>): string[] {
  const all = ['deployments', 'replicasets', 'pods'].flatMap((path) => world.history.objects(path));
  const named = (object: KubeObject): string => `${object.kind} ${object.metadata?.namespace}/${object.metadata?.name}`;
  const inNamespace = [...all, ...world.history.objects('namespaces'), ...world.history.objects('serviceaccounts')]
    .filter(({ metadata }) => metadata?.namespace === namespace || metadata?.name === namespace)
    .map((object) => `${named(object)} is still there`);
  const ofApps = [...chosen].flatMap(([app, policy]) => {
    const mine = all.filter(({ metadata }) => metadata?.namespace === 'default' && metadata.labels?.app === app);
    const deployment = world.history.objects('deployments').filter(({ metadata }) => metadata?.name === app);
    if (policy !== 'Orphan') return [...mine, ...deployment].map((object) => `${named(object)} is still there`);
    const owned = mine.filter(({ kind, metadata }) => kind === 'ReplicaSet' && metadata?.ownerReferences?.length);
    const orphans = mine.filter(({ kind }) => kind === 'Pod').length > 0 ? [] : [`the orphans of ${app} are gone`];
    return [...deployment, ...owned].map((object) => `${named(object)} is not orphaned yet`).concat(orphans);
  });
  return [...inNamespace, ...ofApps];
}
