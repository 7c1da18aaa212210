import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCommand } from '#host/packages.ts';
import { startControlPlane, type TestControlPlane } from '#test/harness/control-plane.ts';
import { run } from '#test/harness/run.ts';

/** The machine's kubectl, and Debian's 1.20 where tools/install-test-packages.ts could bring it. */
const kubectls = ['kubectl', join(import.meta.dirname, '../../.cache/kubectl-debian/usr/bin/kubectl')].filter((path) =>
  path.includes('/') ? existsSync(path) : findCommand(path),
);

const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: busybox, resources: {requests: {cpu: 100m, memory: 32Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
`;

let cluster: TestControlPlane;
beforeAll(async () => {
  expect(kubectls, 'no kubectl on this machine: node tools/install-test-packages.ts brings one').not.toEqual([]);
  cluster = await startControlPlane();
});
afterAll(() => cluster.stop());

describe.each(kubectls)('%s', (kubectl) => {
  const namespace = `ns${kubectls.indexOf(kubectl)}`;
  const kube = (args: string, input?: string) =>
    run(kubectl, ['--namespace', namespace, '--cache-dir', join(cluster.folder, namespace), ...split(args)], {
      input,
      env: { KUBECONFIG: cluster.kubeconfig },
      timeoutMs: 30_000,
    });
  /** What it prints, when it succeeds. */
  const ok = async (args: string, input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kube(args, input);
    expect(code, `kubectl ${args}\n${stderr}`).toBe(0);
    return stdout;
  };
  const refused = async (args: string, input?: string): Promise<string> => {
    const { code, stdout, stderr } = await kube(args, input);
    expect(code, `kubectl ${args}\n${stdout}`).not.toBe(0);
    return stderr;
  };

  test('finds its way about', async () => {
    expect(await ok('version')).toContain('v1.36');
    expect(await ok('api-resources')).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
    expect(await ok('api-versions')).toContain('networking.k8s.io/v1');
    expect(await ok('explain deployment.spec.replicas')).toContain('Number of desired pods');
    expect(await ok('cluster-info')).toContain('is running at');
    expect(await ok(`create namespace ${namespace}`)).toContain('created');
    expect(await ok('get namespaces -o name')).toContain(`namespace/${namespace}`);
  });

  test('apply: created, unchanged, configured; a server dry run writes nothing', async () => {
    expect(await ok('apply --dry-run=server -f -', manifest)).toContain('created (server dry run)');
    expect(await refused('get configmap settings')).toContain('configmaps "settings" not found');
    expect(await ok('apply -f -', manifest)).toMatch(
      /web created\s+service\/web created\s+configmap\/settings created/,
    );
    expect(await ok('apply -f -', manifest)).toMatch(
      /web unchanged\s+service\/web unchanged\s+configmap\/settings unchanged/,
    );
    expect(await ok('apply -f -', manifest.replace('blue', 'red'))).toContain('configmap/settings configured');
    expect(await refused('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndta: {}\n')).toContain(
      'dta',
    );
    expect(await refused('apply -f -', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A_b}\n')).toContain(
      'metadata.name',
    );
  });

  test('get in its forms', async () => {
    expect(await ok('get deploy,svc')).toMatch(/deployment.apps\/web\s+0\/2[\s\S]*service\/web\s+NodePort\s+10\.43\./);
    expect(await ok('get deploy web -o wide')).toContain('busybox');
    expect(await ok('get deploy web -o yaml')).toContain('progressDeadlineSeconds: 600');
    expect(JSON.parse(await ok('get cm -o json')).items.length).toBeGreaterThan(0);
    expect(await ok('get cm settings -o jsonpath={.data.color}')).toBe('red');
    expect(await ok('get cm -o custom-columns=NAME:.metadata.name')).toContain('settings');
    expect(await ok('get pods -l app=web -o name')).toMatch(/^(pod\/web-\S+\n){2}$/);
    expect(await ok('get all -A')).toContain('service/kubernetes');
    expect(await refused('get nonsense')).toContain(`the server doesn't have a resource type "nonsense"`);
  });

  test('describe, scale, patch, label, annotate, set image, rollout', async () => {
    expect(await ok('describe deploy web')).toContain('2 desired');
    expect(await ok('describe svc web')).toContain('NodePort');
    await ok('scale deploy web --replicas=3');
    expect(await ok('get deploy web -o jsonpath={.spec.replicas}')).toBe('3');
    await ok(`patch deploy web -p {"spec":{"replicas":1}}`);
    await ok(`patch deploy web --type=json -p [{"op":"replace","path":"/spec/replicas","value":4}]`);
    await ok(`patch cm settings --type=merge -p {"data":{"size":"1"}}`);
    expect(await ok('get deploy web -o jsonpath={.spec.replicas}')).toBe('4');
    await ok('label cm settings tier=front');
    expect(await ok('get cm -l tier=front -o name')).toBe('configmap/settings\n');
    await ok('annotate cm settings note=here');
    await ok('set image deploy/web web=busybox:2');
    expect(await ok('rollout history deploy/web')).toContain('REVISION');
    await ok('rollout pause deploy/web');
    await ok('rollout resume deploy/web');
  });

  test('typed commands', async () => {
    await ok('create configmap typed --from-literal=a=b');
    await ok('create secret generic typed --from-literal=a=b');
    expect(await ok('get secret typed -o jsonpath={.data.a}')).toBe('Yg==');
    await ok('create deployment typed --image=busybox --replicas=0');
    expect(await ok('get deploy typed -o jsonpath={.spec.replicas}')).toBe('0');
    await ok('create serviceaccount typed');
    await ok('create role typed --verb=get,list --resource=pods');
    await ok('create quota typed --hard=pods=10,cpu=1500m');
    expect(await ok('get quota typed -o jsonpath={.spec.hard.cpu}')).toBe('1500m');
    await ok('run typed --image=busybox --restart=Never');
    await ok('expose deployment typed --port=80');
    expect(await ok('auth can-i create pods')).toBe('yes\n');
    expect((await kube('auth can-i create pods --as bob')).stdout).toBe('no\n');
    expect(await refused('get pods --as bob')).toContain('User "bob" cannot list resource "pods"');
    expect(await refused('exec typed -- ls')).toContain('does not have a host assigned');
    expect(await ok('logs typed')).toBe('');
  });

  test('watch, wait, delete', async () => {
    const watching = run(
      kubectl,
      [
        ...split('get cm watched -w -o name --request-timeout=3s'),
        '--namespace',
        namespace,
        '--cache-dir',
        cluster.folder,
      ],
      { env: { KUBECONFIG: cluster.kubeconfig } },
    );
    await ok('create configmap watched');
    await ok('label cm watched a=b');
    expect((await watching).stdout + (await ok('get cm watched -o name'))).toContain('configmap/watched');
    await ok('wait --for=condition=PodScheduled=false pod -l app=web --timeout=10s');
    await ok('delete configmap watched');
    await ok('delete -f -', manifest);
    expect(await ok('get deploy web --ignore-not-found')).toBe('');
    await ok(`delete namespace ${namespace}`);
    expect(await refused('delete namespace default')).toContain('may not be deleted');
    expect(await refused('get cm settings')).toContain('not found');
  });
});

const split = (args: string): string[] => args.split(' ').filter(Boolean);
