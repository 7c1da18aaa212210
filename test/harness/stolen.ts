/** A cluster of two nodes with pods, secrets and the like, and the certificate of one of them in the wrong hands. */

import { Agent, request } from 'undici';
import type { V1Pod } from '#api/generated/types.ts';
import { configMaps, leases, namespaces, nodes, persistentVolumeClaims, pods, secrets } from '#api/kinds.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { startJoining, type TestJoining } from './joining.ts';

export interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface StolenCertificate {
  readonly cluster: TestJoining;
  readonly own: KeyPair;
  /** Undefined: without a certificate. */
  ask(attempt: Attempt, as?: KeyPair | null): Promise<{ readonly status: number; readonly text: string }>;
  stop(): Promise<void>;
}

const namespace = 'default';

/** Nodes `mine` and `other`; on each the pod `<node>-web`, which names the secrets `<node>-…` and the like. */
export async function stealCertificate(): Promise<StolenCertificate> {
  const cluster = await startJoining();
  const { client } = cluster.plane;
  await client.create(namespaces, { metadata: { name: 'elsewhere' } });
  for (const name of ['mine', 'other']) {
    await client.create(nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
    await client.create(leases, { metadata: { namespace: 'kube-node-lease', name }, spec: { holderIdentity: name } });
    for (const kind of ['env', 'all', 'volume', 'projected', 'pull', 'init']) {
      await client.create(secrets, { metadata: { namespace, name: `${name}-${kind}` }, data: {} });
      await client.create(configMaps, { metadata: { namespace, name: `${name}-${kind}` }, data: {} });
    }
    await client.create(secrets, { metadata: { namespace: 'elsewhere', name: `${name}-env` } });
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await client.create(persistentVolumeClaims, { metadata: { namespace, name: `${name}-claim` }, spec: claim });
    await client.create(pods, podOf(name));
    await client.create(pods, { ...podOf(name), metadata: { namespace, name: `${name}-spare` } });
  }
  await client.create(secrets, { metadata: { namespace: 'kube-system', name: 'berth-registries' } });
  await client.create(pods, {
    metadata: { namespace, name: 'unbound' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const stolen = await cluster.certs.client('system:node:mine', ['system:nodes']);
  const agents = new Map<KeyPair | null, Agent>();
  return {
    cluster,
    own: stolen,
    async ask({ method, path, body, headers }, as = stolen) {
      let agent = agents.get(as);
      if (!agent) {
        agent = new Agent({ connect: { ca: cluster.certs.ca.cert, ...(as && { cert: as.cert, key: as.key }) } });
        agents.set(as, agent);
      }
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const response = await request(`${cluster.plane.url}${path}`, {
        method,
        headers: { ...(body && { 'content-type': type }), ...headers },
        body: body ? JSON.stringify(body) : null,
        dispatcher: agent,
      });
      return { status: response.statusCode, text: await response.body.text() };
    },
    async stop() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      await cluster.stop();
    },
  };
}

const podOf = (node: string): V1Pod => ({
  metadata: { namespace, name: `${node}-web` },
  spec: {
    nodeName: node,
    imagePullSecrets: [{ name: `${node}-pull` }],
    initContainers: [
      {
        name: 'init',
        image: 'i',
        envFrom: [{ secretRef: { name: `${node}-init` } }, { configMapRef: { name: `${node}-init` } }],
      },
    ],
    containers: [
      {
        name: 'main',
        image: 'i',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: `${node}-env`, key: 'a' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: `${node}-env`, key: 'a' } } },
        ],
        envFrom: [{ secretRef: { name: `${node}-all` } }, { configMapRef: { name: `${node}-all` } }],
      },
    ],
    volumes: [
      { name: 's', secret: { secretName: `${node}-volume` } },
      { name: 'c', configMap: { name: `${node}-volume` } },
      {
        name: 'p',
        projected: {
          sources: [{ secret: { name: `${node}-projected` } }, { configMap: { name: `${node}-projected` } }],
        },
      },
      { name: 'd', persistentVolumeClaim: { claimName: `${node}-claim` } },
    ],
  },
});
