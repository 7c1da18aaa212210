/** Rolling updates under an open load through the service, from outside of the pods: with the acknowledgement, and without. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { type OpenLoad, startOpenLoad } from '../harness/open-load.ts';

const replicas = 4;
const perSecond = 300;
const rollouts = 3;

/** Ends as a well-made server does: takes no more connections at once, and finishes those it has. No preStop hook, no sleep before. */
const serve = 'echo $VERSION >/www/index.html; httpd -f -p 8080 -h /www & trap "kill $!; sleep 3; exit 0" TERM; wait';

const manifest = (version: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'shop' },
        spec: {
          replicas,
          selector: { matchLabels: { app: 'shop' } },
          template: {
            metadata: { labels: { app: 'shop' } },
            spec: {
              terminationGracePeriodSeconds: 20,
              containers: [
                {
                  name: 'web',
                  image: 'berth.local/hello:1',
                  command: ['/bin/sh', '-c', serve],
                  env: [{ name: 'VERSION', value: version }],
                  readinessProbe: {
                    httpGet: { port: 8080 },
                    periodSeconds: 1,
                    timeoutSeconds: 5,
                    failureThreshold: 10,
                  },
                },
              ],
            },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'shop' },
        spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  });

let cluster: TestCluster;
let url = '';
let load: OpenLoad | undefined;

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 109 });
  await roll('first');
  url = `http://${await cluster.k('get', 'service', 'shop', '-o', 'jsonpath={.spec.clusterIP}')}/`;
});

afterAll(async () => {
  await load?.stop();
  await cluster?.destroy();
});

async function roll(version: string): Promise<void> {
  await cluster.apply(manifest(version));
  await cluster.k('rollout', 'status', 'deployment/shop', '--timeout=120s');
}

/** All of it is over only when the old pods are gone. */
const oldPodsGone = () =>
  eventually(async () => {
    const names = await cluster.k('get', 'pods', '-l', 'app=shop', '-o', 'name');
    expect(names.trim().split('\n')).toHaveLength(replicas);
  });

/** Waits until everything has been answered for two seconds: what comes then is the rollout's. Returns the failures before that. */
const quiet = (running: OpenLoad): Promise<number> =>
  eventually(
    async () => {
      const first = await running.counts();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const second = await running.counts();
      expect(second.failed).toBe(first.failed);
      expect(second.answered - first.answered).toBeGreaterThan(perSecond);
      return second.failed;
    },
    { withinMs: 60_000 },
  );

/** Failures of `count` rollouts under load; stops earlier when `enough` says so. */
async function rollUnderLoad(name: string, count: number, enough: (failed: number) => boolean): Promise<number> {
  load = startOpenLoad({ url, perSecond });
  const before = await quiet(load);
  let failed = 0;
  for (let turn = 1; turn <= count && !enough(failed); turn += 1) {
    await roll(`${name}-${turn}`);
    await oldPodsGone();
    const counts = await load.counts();
    failed = counts.failed - before;
    console.log(
      `${name} ${turn}: ${counts.sent} sent, ${counts.answered} answered, ${failed} failed,`,
      `slowest ${counts.slowestMs} ms, load late by ${counts.lateMs} ms`,
      counts.failures.slice(0, 5),
    );
    expect(Object.keys(counts.answers)).toContain(`${name}-${turn}`);
  }
  await load.stop();
  load = undefined;
  return failed;
}

it('not one request fails in rolling updates', async () => {
  expect(await rollUnderLoad('acknowledged', rollouts, () => false)).toBe(0);
});

it('the same without the acknowledgement: requests fail', async () => {
  await cluster.berth(['down']);
  const up = await cluster.berth(['up', '--no-hello'], { env: { BERTH_WITHDRAWAL: 'off' }, timeoutMs: 240_000 });
  expect(up.code, up.stdout + up.stderr).toBe(0);
  await cluster.k('rollout', 'status', 'deployment/shop', '--timeout=120s');
  expect(await rollUnderLoad('blind', 10, (failed) => failed > 0)).toBeGreaterThan(0);
});
