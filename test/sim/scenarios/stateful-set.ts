import type { V1StatefulSet } from '#api/generated/types.ts';
import { statefulSets } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { noFaults } from '#client/testing/faults.ts';
import { isAvailable, isPod, nameOf } from '../world/views.ts';
import type { World } from '../world/world.ts';
import { drawFaults } from './chaos.ts';
import { between, type Scenario } from './scenario.ts';
import { settled } from './users.ts';

const app = 'store';
const key = { namespace: 'default', name: app };

/**
 * An ordered StatefulSet is rolled out and scaled while requests and watches fail and the server is killed. Its order is kept all
 * the time, and in the end it is whole.
 */
export const statefulSet: Scenario = async ({ world, size }) => {
  const { random } = world;
  world.addMachines(size.machines);
  await create(world, between(random, 2, 4));
  await world.converge('the stateful set runs', () => pendingOf(world), 300_000);
  world.setFaults(drawFaults(random));
  for (let round = between(random, 2, 5); round > 0; round -= 1) {
    const draw = random.next();
    if (draw < 0.5) await change(world, (spec) => withImage(spec, `registry.example/store:${between(random, 1, 3)}`));
    else if (draw < 0.75) await change(world, (spec) => ({ ...spec, replicas: between(random, 0, 5) }));
    else if (draw < 0.9) {
      await world.crashServer();
      await world.pass(between(random, 0, 4_000));
      await world.startServer();
    } else await world.machines[between(random, 0, world.machines.length - 1)]?.restartAgent();
    await world.pass(between(random, 0, 12_000));
  }
  world.setFaults(noFaults);
  await world.converge('the stateful set is whole', () => pendingOf(world), 600_000);
};

type Spec = NonNullable<V1StatefulSet['spec']>;

const create = (world: World, replicas: number): Promise<unknown> =>
  settled(
    world,
    world.user.create(statefulSets, {
      metadata: { name: app, namespace: 'default' },
      spec: {
        replicas,
        serviceName: app,
        selector: { matchLabels: { app } },
        template: {
          metadata: { labels: { app } },
          spec: {
            terminationGracePeriodSeconds: 5,
            containers: [{ name: 'main', image: 'registry.example/store:1' }],
          },
        },
      },
    }),
  );

const withImage = (spec: Spec, image: string): Spec => {
  const containers = (spec.template.spec?.containers ?? []).map((container) => ({ ...container, image }));
  return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } };
};

/** As `kubectl edit` does: again, when somebody else was quicker. */
async function change(world: World, to: (spec: Spec) => Spec): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      const current = await settled(world, world.user.get(statefulSets, key));
      if (!current.spec) throw new Error('no spec');
      await settled(world, world.user.update(statefulSets, { ...current, spec: to(current.spec) }));
      return;
    } catch {
      await world.pass(200);
    }
  }
  throw new Error('the stateful set could not be changed');
}

const isSet = (object: KubeObject): object is V1StatefulSet => object.kind === 'StatefulSet';

function pendingOf({ history }: World): string[] {
  const set = history.objects('statefulsets').find(isSet);
  if (!set) return ['there is no stateful set'];
  const replicas = set.spec?.replicas ?? 1;
  const image = set.spec?.template.spec?.containers[0]?.image;
  const pods = history.objects('pods').filter(isPod);
  const wanted = Array.from({ length: replicas }, (_, ordinal) => `${app}-${ordinal}`);
  const wrong = pods
    .filter((pod) => !wanted.includes(nameOf(pod)) || !isAvailable(pod) || pod.spec?.containers[0]?.image !== image)
    .map((pod) => `pod ${nameOf(pod)} is not as it should be: ${pod.status?.phase}`);
  const missing = wanted.filter((name) => !pods.some((pod) => nameOf(pod) === name)).map((name) => `no pod ${name}`);
  const { status } = set;
  const isTold =
    status?.observedGeneration === set.metadata?.generation &&
    status?.currentRevision === status?.updateRevision &&
    [status?.replicas, status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0].every((count) => count === replicas);
  return [...wrong, ...missing, ...(isTold ? [] : [`its status says ${JSON.stringify(status)}`])];
}
