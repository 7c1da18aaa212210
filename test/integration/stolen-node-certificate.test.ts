import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pods, secrets } from '#api/kinds.ts';
import { type Attempt, type StolenCertificate, stealCertificate } from '../harness/stolen.ts';

let stolen: StolenCertificate;
beforeAll(async () => {
  stolen = await stealCertificate();
});
afterAll(() => stolen.stop());

const ns = '/api/v1/namespaces/default';
const get = (path: string): Attempt => ({ method: 'GET', path });
const post = (path: string, body: object): Attempt => ({ method: 'POST', path, body });
const patch = (path: string, body: object): Attempt => ({ method: 'PATCH', path, body });
const remove = (path: string): Attempt => ({ method: 'DELETE', path });
const status = (ready: string) => ({ status: { conditions: [{ type: 'Ready', status: ready }] } });
const event = (involvedObject: object, host = 'mine') => ({
  metadata: { generateName: 'e-', namespace: 'default' },
  involvedObject,
  reason: 'Told',
  source: { component: 'kubelet', host },
});
const pod = (name: string) => ({ kind: 'Pod', namespace: 'default', name });
const csr = {
  spec: { request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----').toString('base64'), usages: ['client auth'] },
};
const reviewed = { spec: { user: 'someone', resourceAttributes: { verb: 'get', resource: 'pods' } } };

/** What the holder of a node's certificate may do: what that node's agent does. */
const allowed: readonly (readonly [string, Attempt])[] = [
  ['read health, version and discovery', get('/version')],
  ['read discovery', get('/apis/apps/v1')],
  ['read its Node', get('/api/v1/nodes/mine')],
  ['follow all Nodes, for the routes', get('/api/v1/nodes')],
  [
    'label its Node with what describes it',
    patch('/api/v1/nodes/mine', { metadata: { labels: { zone: 'a', 'topology.kubernetes.io/zone': 'a' } } }),
  ],
  ['report the status of its Node', patch('/api/v1/nodes/mine/status', status('True'))],
  ['read its Lease', get('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/mine')],
  [
    'renew its Lease',
    patch('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/mine', { spec: { leaseDurationSeconds: 7 } }),
  ],
  ['list the pods bound to it', get('/api/v1/pods?fieldSelector=spec.nodeName%3Dmine')],
  ['in one namespace too', get(`${ns}/pods?fieldSelector=status.phase!%3DFailed,spec.nodeName%3Dmine`)],
  ['read its pod', get(`${ns}/pods/mine-web`)],
  ['report the status of its pod', patch(`${ns}/pods/mine-web/status`, status('True'))],
  ...['env', 'all', 'volume', 'projected', 'pull', 'init'].map(
    (kind) => [`read a secret that its pod names (${kind})`, get(`${ns}/secrets/mine-${kind}`)] as const,
  ),
  ...['env', 'all', 'volume', 'projected', 'init'].map(
    (kind) => [`read a configmap that its pod names (${kind})`, get(`${ns}/configmaps/mine-${kind}`)] as const,
  ),
  ['list the one secret', get(`${ns}/secrets?fieldSelector=metadata.name%3Dmine-env`)],
  ['watch the one secret', get(`${ns}/secrets?fieldSelector=metadata.name%3Dmine-env&watch=true&timeoutSeconds=1`)],
  ['read a claim of its pod', get(`${ns}/persistentvolumeclaims/mine-claim`)],
  ['list services', get('/api/v1/services')],
  ['list endpoint slices', get('/apis/discovery.k8s.io/v1/endpointslices')],
  ['read the cluster’s config', get('/api/v1/namespaces/kube-public/configmaps/berth-cluster')],
  ['read the registries', get('/api/v1/namespaces/kube-system/secrets/berth-registries')],
  ['tell of its pod', post(`${ns}/events`, event(pod('mine-web')))],
  ['tell of itself', post(`${ns}/events`, event({ kind: 'Node', name: 'mine' }))],
  ['tell of a pod that is gone', post(`${ns}/events`, event(pod('gone')))],
  ['ask whether another may do something', post('/apis/authorization.k8s.io/v1/subjectaccessreviews', reviewed)],
  ['ask whose token this is', post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } })],
  [
    'ask for its own next certificate',
    post('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { name: 'own' },
      spec: { ...csr.spec, signerName: 'kubernetes.io/kube-apiserver-client-kubelet' },
    }),
  ],
  ['read its own request', get('/apis/certificates.k8s.io/v1/certificatesigningrequests/own')],
  ['evict its pod', post(`${ns}/pods/mine-spare/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' })],
  ['delete its pod', remove(`${ns}/pods/mine-spare?gracePeriodSeconds=0`)],
];

/** Everything else: 403. */
const refused: readonly (readonly [string, Attempt])[] = [
  // Secrets and the like.
  ['list all secrets', get('/api/v1/secrets')],
  ['list the secrets of a namespace', get(`${ns}/secrets`)],
  ['watch them', get(`${ns}/secrets?watch=true`)],
  ['watch them the old way', get('/api/v1/watch/namespaces/default/secrets')],
  ['list by another field', get(`${ns}/secrets?fieldSelector=type%3DOpaque`)],
  ['list by two names', get(`${ns}/secrets?fieldSelector=metadata.name!%3Dmine-env`)],
  ['read a secret of another node’s pod', get(`${ns}/secrets/other-env`)],
  ['through a selector', get(`${ns}/secrets?fieldSelector=metadata.name%3Dother-env`)],
  ['read a secret of the same name elsewhere', get('/api/v1/namespaces/elsewhere/secrets/mine-env')],
  ['read one that is not there', get(`${ns}/secrets/none`)],
  ['read a configmap of another node’s pod', get(`${ns}/configmaps/other-env`)],
  ['read a claim of another node’s pod', get(`${ns}/persistentvolumeclaims/other-claim`)],
  ['list configmaps', get('/api/v1/configmaps')],
  ['write its pod’s secret', patch(`${ns}/secrets/mine-env`, { data: { a: 'YQ==' } })],
  ['make a secret', post(`${ns}/secrets`, { metadata: { name: 'new' } })],
  [
    'make a join token',
    post('/api/v1/namespaces/kube-system/secrets', { metadata: { name: 'bootstrap-token-aaaaaa' } }),
  ],
  ['delete a secret', remove(`${ns}/secrets/mine-env`)],
  [
    'write the cluster’s config',
    patch('/api/v1/namespaces/kube-public/configmaps/berth-cluster', { data: { x: 'y' } }),
  ],
  ['undo a removal', patch('/api/v1/namespaces/kube-system/configmaps/berth-revoked-nodes', { data: { mine: null } })],
  ['read what was removed', get('/api/v1/namespaces/kube-system/configmaps/berth-revoked-nodes')],
  // Other nodes, and what it must not change of itself.
  ['report the status of another Node', patch('/api/v1/nodes/other/status', status('False'))],
  ['label another Node', patch('/api/v1/nodes/other', { metadata: { labels: { a: 'b' } } })],
  ['delete another Node', remove('/api/v1/nodes/other')],
  ['delete all Nodes', remove('/api/v1/nodes')],
  ['register another Node', post('/api/v1/nodes', { metadata: { name: 'third' } })],
  ['register itself with a name that the server makes', post('/api/v1/nodes', { metadata: { generateName: 'mine-' } })],
  [
    'take a restricted label',
    patch('/api/v1/nodes/mine', { metadata: { labels: { 'pci.node-restriction.kubernetes.io/ok': 'yes' } } }),
  ],
  [
    'take a role',
    patch('/api/v1/nodes/mine', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }),
  ],
  [
    'take a label through its status',
    patch('/api/v1/nodes/mine/status', { metadata: { labels: { 'node-role.kubernetes.io/x': '' } } }),
  ],
  ['change its taints', patch('/api/v1/nodes/mine', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })],
  [
    'choose its pod network',
    patch('/api/v1/nodes/mine', { spec: { podCIDR: '10.42.0.0/16', podCIDRs: ['10.42.0.0/16'] } }),
  ],
  [
    'change its owners',
    patch('/api/v1/nodes/mine', {
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }] },
    }),
  ],
  [
    'renew another Lease',
    patch('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/other', {
      spec: { leaseDurationSeconds: 7 },
    }),
  ],
  ['read another Lease', get('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/other')],
  ['list Leases', get('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases')],
  [
    'make another Lease',
    post('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: 'third' } }),
  ],
  [
    'take the controllers’ lease',
    patch('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager', { spec: {} }),
  ],
  [
    'a lease of its name elsewhere',
    post('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases', { metadata: { name: 'mine' } }),
  ],
  ['go to an agent through the API server', get('/api/v1/nodes/other/proxy/pods')],
  ['even to its own', get('/api/v1/nodes/mine/proxy/pods')],
  // Pods.
  ['list all pods', get('/api/v1/pods')],
  ['list the pods of a namespace', get(`${ns}/pods`)],
  ['list the pods of another node', get('/api/v1/pods?fieldSelector=spec.nodeName%3Dother')],
  ['list pods not of another node', get('/api/v1/pods?fieldSelector=spec.nodeName!%3Dother')],
  ['list unbound pods', get('/api/v1/pods?fieldSelector=spec.nodeName%3D')],
  ['read another node’s pod', get(`${ns}/pods/other-web`)],
  ['read an unbound pod', get(`${ns}/pods/unbound`)],
  ['report the status of another node’s pod', patch(`${ns}/pods/other-web/status`, status('True'))],
  ['delete another node’s pod', remove(`${ns}/pods/other-web?gracePeriodSeconds=0`)],
  ['delete all pods', remove(`${ns}/pods`)],
  ['delete all that are bound to it', remove(`${ns}/pods?fieldSelector=spec.nodeName%3Dmine`)],
  ['evict another node’s pod', post(`${ns}/pods/other-web/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' })],
  ['make a pod', post(`${ns}/pods`, { metadata: { name: 'new' }, spec: { containers: [{ name: 'c', image: 'i' }] } })],
  [
    'make a pod on itself, to name a secret',
    post(`${ns}/pods`, {
      metadata: { name: 'new' },
      spec: {
        nodeName: 'mine',
        containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'other-env' } }] }],
      },
    }),
  ],
  [
    'make a mirror pod',
    post(`${ns}/pods`, {
      metadata: { name: 'new', annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: { nodeName: 'mine', containers: [{ name: 'c', image: 'i' }] },
    }),
  ],
  [
    'bind a pod to itself',
    post(`${ns}/pods/unbound/binding`, { apiVersion: 'v1', kind: 'Binding', target: { kind: 'Node', name: 'mine' } }),
  ],
  [
    'bind the old way',
    post(`${ns}/bindings`, { metadata: { name: 'unbound' }, target: { kind: 'Node', name: 'mine' } }),
  ],
  ['change its pod', patch(`${ns}/pods/mine-web`, { metadata: { labels: { app: 'other' } } })],
  ['label its pod through its status', patch(`${ns}/pods/mine-web/status`, { metadata: { labels: { app: 'other' } } })],
  [
    'own its pod through its status',
    patch(`${ns}/pods/mine-web/status`, { metadata: { finalizers: ['a.example/b'] } }),
  ],
  ['debug its pod', patch(`${ns}/pods/mine-web/ephemeralcontainers`, { spec: {} })],
  ['run something in another node’s pod', get(`${ns}/pods/other-web/exec?command=id&stdout=true`)],
  ['run something in its own', get(`${ns}/pods/mine-web/exec?command=id&stdout=true`)],
  ['attach', get(`${ns}/pods/other-web/attach`)],
  ['forward a port', get(`${ns}/pods/other-web/portforward`)],
  ['read logs', get(`${ns}/pods/other-web/log`)],
  ['proxy to a pod', get(`${ns}/pods/other-web/proxy/`)],
  ['proxy to a service', get(`${ns}/services/kubernetes/proxy/`)],
  // Workloads and the rest.
  ['make a deployment', post('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' } })],
  ['list deployments', get('/apis/apps/v1/deployments')],
  ['write a service', patch(`${ns}/services/kubernetes`, { spec: { externalIPs: ['192.0.2.1'] } })],
  ['write endpoints', patch(`${ns}/endpoints/kubernetes`, { subsets: [] })],
  [
    'write an endpoint slice',
    post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'x' },
      addressType: 'IPv4',
      endpoints: [],
    }),
  ],
  ['make a namespace', post('/api/v1/namespaces', { metadata: { name: 'new' } })],
  ['delete a namespace', remove('/api/v1/namespaces/elsewhere')],
  [
    'give itself a role',
    post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'me' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    }),
  ],
  [
    'install a webhook',
    post('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', { metadata: { name: 'w' } }),
  ],
  ['make a token of a service account', post(`${ns}/serviceaccounts/default/token`, { spec: {} })],
  ['read service accounts', get(`${ns}/serviceaccounts/default`)],
  ['read events', get(`${ns}/events`)],
  ['tell of another node’s pod', post(`${ns}/events`, event(pod('other-web')))],
  ['tell as another node', post(`${ns}/events`, event(pod('mine-web'), 'other'))],
  ['tell of a deployment', post(`${ns}/events`, event({ kind: 'Deployment', name: 'web', namespace: 'default' }))],
  ['read metrics', get('/metrics')],
  // Certificates.
  ['list requests', get('/apis/certificates.k8s.io/v1/certificatesigningrequests')],
  [
    'approve its own request',
    patch('/apis/certificates.k8s.io/v1/certificatesigningrequests/own/approval', {
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x' }] },
    }),
  ],
  [
    'sign its own request',
    patch('/apis/certificates.k8s.io/v1/certificatesigningrequests/own/status', { status: { certificate: 'eA==' } }),
  ],
  [
    'ask for a user’s certificate',
    post('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { name: 'admin' },
      spec: { ...csr.spec, signerName: 'kubernetes.io/kube-apiserver-client' },
    }),
  ],
  // Another's name.
  ...['system:admin', 'system:node:other'].map(
    (name) => [`act as ${name}`, { ...get('/api/v1/secrets'), headers: { 'impersonate-user': name } }] as const,
  ),
  [
    'act as a member of system:masters',
    { ...get('/api/v1/secrets'), headers: { 'impersonate-user': 'x', 'impersonate-group': 'system:masters' } },
  ],
  [
    'act as itself with more groups',
    {
      ...get('/api/v1/secrets'),
      headers: { 'impersonate-user': 'system:node:mine', 'impersonate-group': 'system:masters' },
    },
  ],
];

describe('with a node’s certificate one may', () => {
  it.each(allowed)('%s', async (_, attempt) => {
    const { status: code, text } = await stolen.ask(attempt);
    expect(code, text).toBeGreaterThanOrEqual(200);
    expect(code, text).toBeLessThan(300);
  });
});

describe('and may not', () => {
  it.each(refused)('%s', async (_, attempt) => {
    const { status: code, text } = await stolen.ask(attempt);
    expect(text).not.toContain('c3RvbGVu');
    expect(code, text).toBe(403);
  });
});

it('nothing of it has changed anything', async () => {
  const { client } = stolen.cluster.plane;
  expect((await client.list(secrets, { namespace: 'elsewhere' })).items).toHaveLength(2);
  const { items } = await client.list(pods, { namespace: 'default' });
  expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
    'mine-web',
    'other-spare',
    'other-web',
    'unbound',
  ]);
});

it('a pod that is not there is not there, also for a node', async () => {
  for (const attempt of [get(`${ns}/pods/gone`), remove(`${ns}/pods/gone`), patch(`${ns}/pods/gone/status`, {})]) {
    expect((await stolen.ask(attempt)).status).toBe(404);
  }
});

it('a pod that is bound to the node brings what it names, at once; one that goes takes it away', async () => {
  const { client } = stolen.cluster.plane;
  const namespace = 'default';
  await client.create(secrets, { metadata: { namespace, name: 'late' } });
  const late = get(`${ns}/secrets/late`);
  expect((await stolen.ask(late)).status).toBe(403);
  const envFrom = [{ secretRef: { name: 'late' } }];
  await client.create(pods, {
    metadata: { namespace, name: 'late' },
    spec: { nodeName: 'mine', containers: [{ name: 'c', image: 'i', envFrom }] },
  });
  expect((await stolen.ask(late)).status).toBe(200);
  await client.delete(pods, { namespace, name: 'late' }, { gracePeriodSeconds: 0 });
  expect((await stolen.ask(late)).status).toBe(403);
});
