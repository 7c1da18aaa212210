/** StatefulSets, DaemonSets and disruption budgets on a real node, as people who know kubectl use them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { mustRun, run } from '../harness/run.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 116 });
});
afterAll(() => cluster?.destroy());

const container = {
  name: 'main',
  image: 'berth.local/hello:1',
  command: ['/bin/sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait $!'],
};
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 5, containers: [container] },
});
const workload = (kind: string, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
  });

const versions = async (app: string): Promise<string> => {
  const path = 'jsonpath={range .items[*]}{.metadata.name}={.spec.containers[0].env[0].value} {end}';
  return (await cluster.k('get', 'pods', '-l', `app=${app}`, '-o', path)).trim();
};
const rolledOut = (what: string): Promise<string> => cluster.k('rollout', 'status', what, '--timeout=90s');

/** The machine's kubectl and the older one of Debian, where the tests have fetched it. */
const kubectls = ['kubectl', join(import.meta.dirname, '../../.cache/kubectl-debian/usr/bin/kubectl')].filter(
  (path) => path === 'kubectl' || existsSync(path),
);
const each = (kubectl: string, ...args: string[]): Promise<string> =>
  mustRun(kubectl, args, { env: { KUBECONFIG: cluster.layout.kubeconfig } });

describe('a stateful set', () => {
  it('comes up in order, under stable names that its service knows', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db' },
      spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 80 }] },
    };
    await cluster.apply(JSON.stringify(service));
    await cluster.apply(workload('StatefulSet', 'db', { replicas: 3, serviceName: 'db' }));
    expect(await rolledOut('sts/db')).toContain('partitioned roll out complete: 3 new pods have been updated');
    const pods = await cluster.k('get', 'pods', '-l', 'app=db', '--sort-by=.metadata.creationTimestamp', '-o', 'name');
    expect(pods.trim().split('\n')).toEqual(['pod/db-0', 'pod/db-1', 'pod/db-2']);
    expect((await cluster.k('exec', 'db-1', '--', 'hostname')).trim()).toBe('db-1');
    const hosts = await cluster.k(
      'get',
      'endpointslices',
      '-l',
      'kubernetes.io/service-name=db',
      '-o',
      'jsonpath={.items[*].endpoints[*].hostname}',
    );
    expect(hosts.split(' ').sort()).toEqual(['db-0', 'db-1', 'db-2']);
    expect(await cluster.k('get', 'sts', 'db')).toMatch(/^NAME\s+READY\s+AGE\ndb\s+3\/3\s/);
    expect(await cluster.k('describe', 'sts', 'db')).toContain('create Pod db-2 in StatefulSet db successful');
  });

  it('scales down in order', async () => {
    await cluster.k('scale', 'sts/db', '--replicas=2');
    await eventually(async () =>
      expect(await cluster.k('get', 'pods', '-l', 'app=db', '-o', 'name')).toBe('pod/db-0\npod/db-1\n'),
    );
  });

  it.each(kubectls)('rolls out, shows its history and goes back with %s', async (kubectl) => {
    await each(kubectl, 'set', 'env', 'sts/db', 'V=1');
    expect(await each(kubectl, 'rollout', 'status', 'sts/db', '--timeout=90s')).toContain(
      '2 new pods have been updated',
    );
    await each(kubectl, 'set', 'env', 'sts/db', 'V=2');
    await each(kubectl, 'rollout', 'status', 'sts/db', '--timeout=90s');
    expect(await versions('db')).toBe('db-0=2 db-1=2');
    expect(await each(kubectl, 'rollout', 'history', 'sts/db')).toMatch(
      /statefulset.apps\/db\s+REVISION\s+CHANGE-CAUSE\n(\d+\s+<none>\n)+/,
    );
    const revisions = await cluster.k('get', 'controllerrevisions', '-l', 'app=db');
    expect(revisions).toMatch(/^NAME\s+CONTROLLER\s+REVISION\s+AGE\ndb-[b-z2-9]+\s+statefulset.apps\/db\s+\d/);
    expect(await each(kubectl, 'rollout', 'undo', 'sts/db')).toBe('statefulset.apps/db rolled back\n');
    await each(kubectl, 'rollout', 'status', 'sts/db', '--timeout=90s');
    expect(await versions('db')).toBe('db-0=1 db-1=1');
  });

  it('rolls out and goes back with berth, scales in order, and restarts', async () => {
    expect((await cluster.berth(['rollout', 'undo', 'sts/db'])).stdout).toBe('statefulset.apps/db rolled back\n');
    const status = await cluster.berth(['rollout', 'status', 'sts/db', '--timeout=90s']);
    expect(status).toMatchObject({ code: 0 });
    expect(await versions('db')).toBe('db-0=2 db-1=2');
    await cluster.k('scale', 'sts/db', '--replicas=1');
    await eventually(async () => expect(await versions('db')).toBe('db-0=2'));
    await cluster.k('scale', 'sts/db', '--replicas=2');
    await rolledOut('sts/db');
    const before = await cluster.k('get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}');
    expect((await cluster.berth(['rollout', 'restart', 'sts/db'])).stdout).toBe('statefulset.apps/db restarted\n');
    await rolledOut('sts/db');
    expect(await cluster.k('get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}')).not.toBe(before);
    expect((await cluster.berth(['describe', 'sts', 'db'])).stdout).toContain(
      'Replicas:           2 desired | 2 total',
    );
  });

  it('whose claims nobody provides waits, and says for what', async () => {
    const claim = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const mounted = { ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const spec = { replicas: 2, serviceName: 'disk', volumeClaimTemplates: [claim] };
    const withMount = { ...template('disk'), spec: { ...template('disk').spec, containers: [mounted] } };
    await cluster.apply(workload('StatefulSet', 'disk', { ...spec, template: withMount }));
    await eventually(async () => {
      const { stdout } = await cluster.berth(['describe', 'pod', 'disk-0']);
      expect(stdout).toContain('pod has unbound immediate PersistentVolumeClaims');
      expect(stdout).toContain('berth get pvc');
    });
    expect(await cluster.k('get', 'pvc', '-o', 'name')).toBe('persistentvolumeclaim/data-disk-0\n');
    await cluster.k('delete', 'sts', 'disk');
    await cluster.k('delete', 'pvc', '--all');
  });
});

describe('a daemon set', () => {
  it('runs on the node', async () => {
    await cluster.apply(workload('DaemonSet', 'agent', {}));
    expect(await rolledOut('ds/agent')).toContain('daemon set "agent" successfully rolled out');
    expect(await cluster.k('get', 'ds', 'agent')).toMatch(/\nagent\s+1\s+1\s+1\s+1\s+1\s+<none>\s/);
  });

  it.each(kubectls)('rolls out, shows its history and goes back with %s', async (kubectl) => {
    const env = async () => (await versions('agent')).replace(/^agent-[a-z0-9]+=/, '');
    await each(kubectl, 'set', 'env', 'ds/agent', 'V=1');
    await each(kubectl, 'rollout', 'status', 'ds/agent', '--timeout=60s');
    await each(kubectl, 'set', 'env', 'ds/agent', 'V=2');
    await each(kubectl, 'rollout', 'status', 'ds/agent', '--timeout=60s');
    await eventually(async () => expect(await env()).toBe('2'));
    expect(await each(kubectl, 'rollout', 'history', 'ds/agent')).toMatch(
      /daemonset.apps\/agent\s+REVISION\s+CHANGE-CAUSE\n(\d+\s+<none>\n)+/,
    );
    expect(await each(kubectl, 'rollout', 'undo', 'ds/agent')).toBe('daemonset.apps/agent rolled back\n');
    await each(kubectl, 'rollout', 'status', 'ds/agent', '--timeout=60s');
    await eventually(async () => expect(await env()).toBe('1'));
    expect(await each(kubectl, 'rollout', 'restart', 'ds/agent')).toBe('daemonset.apps/agent restarted\n');
    await each(kubectl, 'rollout', 'status', 'ds/agent', '--timeout=60s');
  });
});

describe('a drain', () => {
  const flags = ['--ignore-daemonsets', '--force'];

  it('is held up by a disruption budget, and says so; the node takes no new pods', async () => {
    const node = (await cluster.k('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    await cluster.apply(workload('Deployment', 'shop', { replicas: 2 }));
    await rolledOut('deploy/shop');
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'shop' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'shop' } } },
    };
    await cluster.apply(JSON.stringify(budget));
    await eventually(async () => expect(await cluster.k('get', 'pdb', 'shop')).toMatch(/\nshop\s+2\s+N\/A\s+0\s/));
    const args = ['drain', node, ...flags, '--timeout=4s', '--pod-selector=app=shop'];
    const env = { KUBECONFIG: cluster.layout.kubeconfig };
    for (const theirs of await Promise.all(kubectls.map((kubectl) => run(kubectl, args, { env })))) {
      expect(theirs.code).not.toBe(0);
      expect(theirs.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    }
    const ours = await cluster.berth(args);
    expect(ours.code).toBe(1);
    expect(ours.stdout).toContain(`node/${node} already cordoned`);
    expect(ours.stderr).toContain('budget shop needs 2 healthy pods and has 2 of 2, so that none may ever be missing');
    expect(ours.stderr).toContain('global timeout reached: 4s; still there: default/shop-');
    expect(await cluster.k('get', 'pods', '-l', 'app=shop', '--no-headers')).toMatch(
      /^(shop-\S+\s+1\/1\s+Running.*\n){2}$/,
    );
  });

  it('goes on when the budget agrees, and leaves daemons alone', async () => {
    const node = (await cluster.k('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    await cluster.k('delete', 'pdb', 'shop');
    const drained = await cluster.berth(['drain', node, ...flags, '--timeout=60s']);
    expect(drained).toMatchObject({ code: 0 });
    expect(drained.stderr).toMatch(/Warning: ignoring DaemonSet-managed Pods: default\/agent-/);
    expect(drained.stdout).toMatch(/pod\/db-0 evicted\n[\s\S]*node\/\S+ drained\n$/);
    const placed = await cluster.k('get', 'pods', '-A', '--field-selector', `spec.nodeName=${node}`, '-o', 'name');
    expect(placed).toMatch(/^pod\/agent-\S+\n$/);
    const waiting = await cluster.berth(['describe', 'pod', 'db-0']);
    expect(waiting.stdout).toContain('1 node(s) were unschedulable');
    expect((await cluster.berth(['uncordon', node])).stdout).toBe(`node/${node} uncordoned\n`);
    await rolledOut('sts/db');
    await rolledOut('deploy/shop');
  });
});
