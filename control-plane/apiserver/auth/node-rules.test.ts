import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1Pod } from '#api/generated/types.ts';
import { mayLabel } from '../admission/node-restriction-node.ts';
import type { ResourceAttributes } from './attributes.ts';
import { createAuthorizer } from './authorizer.ts';
import type { AuthorizerObjects } from './objects.ts';
import { referencesOf } from './pod-references.ts';

const podOf = (name: string, nodeName: string | undefined, spec: Partial<V1Pod['spec'] & object> = {}): V1Pod => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [], ...(nodeName && { nodeName }), ...spec },
});

function objectsWith(all: readonly V1Pod[]): AuthorizerObjects {
  return {
    pod: (namespace, name) => all.find(({ metadata }) => metadata?.name === name && metadata.namespace === namespace),
    podsOn: (nodeName) => all.filter(({ spec }) => spec?.nodeName === nodeName),
    signingRequest: () => undefined,
  };
}

const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const ask = (change: Partial<ResourceAttributes>): ResourceAttributes => ({
  kind: 'resource',
  verb: 'get',
  group: '',
  resource: 'pods',
  namespace: 'default',
  ...change,
});

it('a node is who has both the name and the group', () => {
  const { authorize } = createAuthorizer(objectsWith([podOf('a', 'n1')]));
  const asked = ask({ name: 'a' });
  expect(authorize(node, asked).allowed).toBe(true);
  expect(authorize({ ...node, groups: ['system:authenticated'] }, asked).allowed).toBe(false);
  expect(authorize({ ...node, name: 'n1' }, asked).allowed).toBe(false);
  expect(authorize({ ...node, name: 'system:node:' }, asked).allowed).toBe(false);
  expect(authorize({ ...node, name: 'system:node:n2' }, asked).allowed).toBe(false);
});

it('refuses in words that help, and says what may only not be seen yet', () => {
  const { authorize } = createAuthorizer(objectsWith([podOf('a', 'n1'), podOf('b', 'n2'), podOf('c', undefined)]));
  expect(authorize(node, ask({ name: 'b' }))).toEqual({
    allowed: false,
    reason: 'no relationship found between node "n1" and this pod',
  });
  expect(authorize(node, ask({ name: 'c' }))).toMatchObject({ allowed: false, unseen: true });
  expect(authorize(node, ask({ name: 'd' }))).toMatchObject({ allowed: false, unseen: true, missing: true });
  expect(authorize(node, ask({ resource: 'secrets', name: 's' }))).toMatchObject({ allowed: false, unseen: true });
  expect(authorize(node, ask({ verb: 'list' })).reason).toContain('spec.nodeName=n1');
});

it('lists pods by a selector that lets only its own through, however it is written', () => {
  const { authorize } = createAuthorizer(objectsWith([]));
  const list = (fieldSelector: string | undefined) => authorize(node, ask({ verb: 'watch', fieldSelector })).allowed;
  for (const good of ['spec.nodeName=n1', 'spec.nodeName==n1', 'status.phase!=Failed,spec.nodeName=n1']) {
    expect(list(good)).toBe(true);
  }
  const bad = [undefined, '', 'spec.nodeName!=n1', 'spec.nodeName=n2', 'spec.nodeName=n1x', 'spec.nodeName= n1'];
  for (const selector of [...bad, 'spec.nodeName=n1\\', 'metadata.name=n1', 'spec.nodeName']) {
    expect(list(selector)).toBe(false);
  }
});

it('whatever is asked, nothing but reading what all nodes read is allowed without pods of its own', () => {
  const { authorize } = createAuthorizer(
    objectsWith([podOf('other', 'n2', { volumes: [{ name: 'v', secret: { secretName: 's' } }] })]),
  );
  const word = (...words: string[]) => fc.constantFrom(...words);
  const attributes = fc.record({
    verb: word('get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'impersonate', '*'),
    group: word('', 'apps', 'coordination.k8s.io', 'policy'),
    resource: word('pods', 'secrets', 'configmaps', 'nodes', 'leases', 'persistentvolumeclaims', 'users', '*'),
    subresource: word('', 'status', 'exec', 'eviction', 'binding', 'proxy', 'log', 'token'),
    namespace: word('default', 'kube-system', 'kube-node-lease', ''),
    name: word('other', 's', 'n2', 'none', ''),
  });
  fc.assert(
    fc.property(attributes, (one) => {
      const asked = {
        ...one,
        kind: 'resource' as const,
        name: one.name || undefined,
        subresource: one.subresource || undefined,
      };
      const isNodeRead = one.resource === 'nodes' && !one.subresource && ['get', 'list', 'watch'].includes(one.verb);
      // The name stands in the body: admission looks at it.
      const isCreate = one.verb === 'create' && !one.name && !one.subresource;
      if (isNodeRead || isCreate) return;
      expect(authorize(node, asked).allowed).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

describe('labels that a node gives itself', () => {
  it.each([
    'zone',
    'example.com/rack',
    'berth.dev/x',
    'kubernetes.io/hostname',
    'node.kubernetes.io/instance-type',
    'a.kubelet.kubernetes.io/b',
  ])('may be %s', (key) => expect(mayLabel(key)).toBe(true));
  it.each([
    'node-restriction.kubernetes.io/x',
    'pci.node-restriction.kubernetes.io/x',
    'node-role.kubernetes.io/control-plane',
    'kubernetes.io/role',
    'kubernetes.io/anything',
    'a.k8s.io/b',
    'k8s.io/b',
  ])('may not be %s', (key) => expect(mayLabel(key)).toBe(false));
});

it('finds everything that a pod names', () => {
  const pod = podOf('web', 'n1', {
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'from' } }, { configMapRef: { name: 'from' } }] }],
    containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }] }],
    ephemeralContainers: [
      { name: 'e', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'debug', key: 'k' } } }] },
    ],
    volumes: [
      { name: 'a', secret: { secretName: 'volume' } },
      { name: 'b', projected: { sources: [{ secret: { name: 'part' } }, { configMap: { name: 'part' } }] } },
      { name: 'c', configMap: { name: 'files' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'claim' } },
      { name: 'e', ephemeral: {} },
      { name: 'f', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
      { name: 'g', cephfs: { monitors: [], secretRef: { name: 'ceph' } } },
    ],
  });
  expect([...referencesOf(pod)].sort()).toEqual([
    'configmaps/debug',
    'configmaps/files',
    'configmaps/from',
    'configmaps/part',
    'persistentvolumeclaims/claim',
    'persistentvolumeclaims/web-e',
    'secrets/ceph',
    'secrets/csi',
    'secrets/from',
    'secrets/key',
    'secrets/part',
    'secrets/pull',
    'secrets/volume',
  ]);
  expect(referencesOf(pod)).toBe(referencesOf(pod));
});
