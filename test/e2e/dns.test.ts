/** Names on a real node: asked by busybox' nslookup in pods, and by Node's resolver on the node itself. */
import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';

const clusterDns = '10.43.0.10';
const container = {
  name: 'main',
  image: 'berth.local/hello:1',
  command: ['/bin/sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'],
};
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 2, containers: [container] },
});
const pod = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 2, containers: [container], ...spec },
});
const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });

const objects = [
  pod('tool', {}),
  pod('own', {
    dnsPolicy: 'None',
    dnsConfig: { nameservers: [clusterDns], searches: ['kube-system.svc.cluster.local'] },
  }),
  pod('node', { dnsPolicy: 'Default' }),
  pod('host', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { replicas: 2, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: template('db') },
  },
  service('db', { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'sql', port: 5432 }] }),
  service('alias', { type: 'ExternalName', externalName: 'kubernetes.default.svc.cluster.local' }),
];

let cluster: TestCluster;
const resolver = new Resolver({ timeout: 3_000, tries: 2 });
// The bridge's address, where the cluster's DNS address leads to: that one other clusters on this machine may have too.
resolver.setServers(['10.42.111.1']);

beforeAll(async () => {
  cluster = await startCluster({ podSubnet: 111 });
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await cluster.k('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s');
  await cluster.k('rollout', 'status', 'statefulset/db', '--timeout=120s');
});
afterAll(async () => {
  await cluster?.destroy();
});

const inPod = (name: string, ...command: string[]) => cluster.kubectl(['exec', name, '--', ...command]);
const podIp = async (name: string) => (await cluster.k('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')).trim();

it('a pod finds a service by its short name, and asks the cluster', async () => {
  expect((await inPod('tool', 'cat', '/etc/resolv.conf')).stdout).toMatch(
    /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local.*\nnameserver 10\.43\.0\.10\noptions ndots:5\n$/,
  );
  const answer = await inPod('tool', 'nslookup', 'kubernetes.default.svc.cluster.local');
  expect(answer.stdout).toMatch(/Name:\s+kubernetes\.default\.svc\.cluster\.local\nAddress: 10\.43\.0\.1\n/);
  const reached = await inPod('tool', 'sh', '-c', 'wget -T 3 -q -O- http://kubernetes:443/ 2>&1 || true');
  expect(reached.stdout).not.toContain('bad address');
});

it('pods of a StatefulSet are found by their own names, and one that goes is not', async () => {
  const [first, second] = [await podIp('db-0'), await podIp('db-1')];
  const zone = 'db.default.svc.cluster.local';
  await eventually(async () => expect((await resolver.resolve4(zone)).sort()).toEqual([first, second].sort()));
  expect(await resolver.resolve4(`db-1.${zone}`)).toEqual([second]);
  expect((await resolver.resolveSrv(`_sql._tcp.${zone}`)).map(({ name, port }) => `${name}:${port}`).sort()).toEqual([
    `db-0.${zone}:5432`,
    `db-1.${zone}:5432`,
  ]);
  expect(await resolver.reverse(first)).toEqual([`db-0.${zone}`]);
  expect((await inPod('tool', 'nslookup', `db-0.${zone}`)).stdout).toContain(`Address: ${first}\n`);
  await cluster.k('scale', 'statefulset/db', '--replicas=1');
  await eventually(async () => expect(await resolver.resolve4(zone)).toEqual([first]));
  await expect(resolver.resolve4(`db-1.${zone}`)).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

it('aliases, reverse names, names that are not there, and names that have no such record', async () => {
  expect(await resolver.resolve4('alias.default.svc.cluster.local')).toEqual(['10.43.0.1']);
  expect(await resolver.resolveCname('alias.default.svc.cluster.local')).toEqual([
    'kubernetes.default.svc.cluster.local',
  ]);
  expect(await resolver.reverse('10.43.0.1')).toEqual(['kubernetes.default.svc.cluster.local']);
  expect(await resolver.resolveTxt('dns-version.cluster.local')).toEqual([['1.1.0']]);
  await expect(resolver.resolve4('nope.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(resolver.resolve6('kubernetes.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
});

it('who asks otherwise gets it: a configuration of its own, the node’s, and the cluster in the node’s network', async () => {
  expect((await inPod('own', 'nslookup', 'kube-dns.kube-system.svc.cluster.local')).stdout).toContain(clusterDns);
  expect((await inPod('own', 'cat', '/etc/resolv.conf')).stdout).toBe(
    `search kube-system.svc.cluster.local\nnameserver ${clusterDns}\n`,
  );
  expect((await inPod('node', 'cat', '/etc/resolv.conf')).stdout).not.toContain('svc.cluster.local');
  const host = await inPod('host', 'nslookup', 'kubernetes.default.svc.cluster.local');
  expect(host.stdout).toContain('Address: 10.43.0.1\n');
});
