import type { V1DaemonSet } from '#api/generated/types.ts';
import { daemonSets } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { noFaults } from '#client/testing/faults.ts';
import { targetOf } from '../checks/daemons.ts';
import { isAvailable, isPod, nameOf } from '../world/views.ts';
import type { World } from '../world/world.ts';
import { drawFaults } from './chaos.ts';
import { between, type Scenario } from './scenario.ts';
import { removeDeadNodes, settled } from './users.ts';

const app = 'watch';
const key = { namespace: 'default', name: app };

/**
 * A DaemonSet is rolled out, with pods missing or with a surge, while requests and watches fail and the server is killed; then
 * machines come and go. In the end there is one pod on each.
 */
export const daemonSet: Scenario = async ({ world, size, daemons }) => {
  const { random } = world;
  world.addMachines(size.machines);
  const promised =
    random.next() < 0.5 ? { maxUnavailable: between(random, 1, 2), maxSurge: 0 } : { maxUnavailable: 0, maxSurge: 1 };
  await create(world, promised);
  await world.converge('the daemon set runs', () => pendingOf(world), 300_000);
  daemons.hold(app, promised);
  world.setFaults(drawFaults(random));
  for (let round = between(random, 1, 4); round > 0; round -= 1) {
    if (random.next() < 0.7) await setImage(world, `registry.example/watch:${between(random, 1, 3)}`);
    else {
      await world.crashServer();
      await world.pass(between(random, 0, 3_000));
      await world.startServer();
    }
    await world.pass(between(random, 0, 8_000));
  }
  daemons.release(app);
  world.addMachines(1);
  if (random.next() < 0.5) {
    await world.machines[0]?.die();
    await world.pass(between(random, 0, 30_000));
    await removeDeadNodes(world);
  }
  world.setFaults(noFaults);
  await world.converge('the daemon set is whole', () => pendingOf(world), 600_000);
};

const create = (world: World, rollingUpdate: { maxUnavailable: number; maxSurge: number }): Promise<unknown> =>
  settled(
    world,
    world.user.create(daemonSets, {
      metadata: { name: app, namespace: 'default' },
      spec: {
        selector: { matchLabels: { app } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate },
        template: {
          metadata: { labels: { app } },
          spec: {
            terminationGracePeriodSeconds: 5,
            containers: [{ name: 'main', image: 'registry.example/watch:1' }],
          },
        },
      },
    }),
  );

/** As `kubectl set image` does: again, when somebody else was quicker. */
async function setImage(world: World, image: string): Promise<void> {
  const spec = { template: { spec: { containers: [{ name: 'main', image }] } } };
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      await settled(world, world.user.patch(daemonSets, key, { type: 'strategic', body: { spec } }));
      return;
    } catch {
      await world.pass(200);
    }
  }
  throw new Error('the daemon set could not be changed');
}

const isSet = (object: KubeObject): object is V1DaemonSet => object.kind === 'DaemonSet';

function pendingOf({ history, machines }: World): string[] {
  const set = history.objects('daemonsets').find(isSet);
  if (!set) return ['there is no daemon set'];
  const image = set.spec?.template.spec?.containers[0]?.image;
  const pods = history.objects('pods').filter(isPod);
  const alive = machines.filter((machine) => machine.alive).map(({ name }) => name);
  const wrong = alive.flatMap((node) => {
    const there = pods.filter((pod) => targetOf(pod) === node);
    const [only] = there;
    if (there.length === 1 && only && isAvailable(only) && only.spec?.containers[0]?.image === image) return [];
    return [`${node} has [${there.map((pod) => `${nameOf(pod)} ${pod.status?.phase}`).join(', ')}]`];
  });
  const { status } = set;
  const counts = [status?.desiredNumberScheduled, status?.numberReady, status?.updatedNumberScheduled ?? 0];
  const isTold = status?.observedGeneration === set.metadata?.generation && counts.every((n) => n === alive.length);
  return [...wrong, ...(isTold ? [] : [`its status says ${JSON.stringify(status)}`])];
}
