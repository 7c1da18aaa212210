import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientKubeletSigner, clientSigner, kubeletServingSigner, revokedNodesName } from '#api/certificates.ts';
import { certificateSigningRequests, configMaps, leases, nodes, secrets } from '#api/kinds.ts';
import { createRealClock } from '#base/real/clock.ts';
import { nodeSubject } from '#client/certificates/node-certificates.ts';
import { obtainCertificate } from '#client/certificates/obtain.ts';
import { revokeNode } from '#client/certificates/revoke-node.ts';
import { createSigningRequest } from '#client/certificates/signing-request.ts';
import type { HttpClient } from '#client/http-client.ts';
import { eventually } from '../harness/eventually.ts';
import { type NodeCertificates, startJoining, type TestJoining } from '../harness/joining.ts';

const clock = createRealClock();
let cluster: TestJoining;
beforeAll(async () => {
  cluster = await startJoining();
});
afterAll(async () => {
  stopped.abort();
  await cluster.stop();
});

const stopped = new AbortController();
const ready = { conditions: [{ type: 'Ready', status: 'True' }] };

/** A node whose lease is renewed until the end of the tests. */
async function createNode(name: string, address: string): Promise<void> {
  const { client } = cluster.plane;
  const addresses = [{ type: 'InternalIP', address }];
  await client.create(nodes, { metadata: { name }, status: { ...ready, addresses } });
  const metadata = { namespace: 'kube-node-lease', name };
  const renew = async (): Promise<void> => {
    const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
    await client.patch(leases, metadata, { type: 'merge', body: { spec: { renewTime } } });
  };
  await client.create(leases, { metadata, spec: { holderIdentity: name } });
  void (async () => {
    while (!stopped.signal.aborted) {
      await renew().catch(() => undefined);
      await sleep(500, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
}

const statusOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 200,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

it('a machine gets both certificates with its token', async () => {
  const { client, serving } = await cluster.join('n1', ['192.0.2.1', '2001:db8::1']);
  const own = new X509Certificate(client.cert);
  expect(own.subject).toBe('O=system:nodes\nCN=system:node:n1');
  expect(own.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(new X509Certificate(serving.cert).subjectAltName).toBe(
    'DNS:n1, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
  );
  const { items } = await cluster.plane.client.list(certificateSigningRequests);
  expect(items.map(({ spec }) => spec.username).sort()).toEqual(['system:bootstrap:t00001', 'system:node:n1']);
  expect(await statusOf(cluster.clientOf(client).list(nodes))).toBe(200);
  // What is for serving does not open the API.
  expect(await statusOf(cluster.clientOf(serving).list(nodes))).toBe(401);
});

describe('a join token', () => {
  const config = { namespace: 'kube-public', name: 'berth-cluster' };

  it('is good for joining, and for nothing else', async () => {
    const { bearer } = await cluster.token();
    const client = cluster.clientOf({ token: bearer });
    expect(await statusOf(client.get(configMaps, config))).toBe(200);
    expect(await statusOf(client.list(configMaps, { namespace: config.namespace }))).toBe(403);
    expect(await statusOf(client.list(secrets))).toBe(403);
    expect(await statusOf(client.get(nodes, { name: 'n1' }))).toBe(403);
    expect(await statusOf(client.list(certificateSigningRequests))).toBe(403);
    const { items } = await cluster.plane.client.list(certificateSigningRequests);
    expect(await statusOf(client.get(certificateSigningRequests, { name: items[0]?.metadata.name ?? '' }))).toBe(403);
    const asAdmin = client.create(certificateSigningRequests, {
      metadata: { name: 'by-token' },
      spec: { request: (await requestFor('x')).request, usages: ['client auth'], signerName: clientSigner },
    });
    expect(await statusOf(asAdmin)).toBe(403);
  });

  it.each([
    ['with another secret', async () => `${(await cluster.token()).id}.0000000000000000`],
    ['that nobody made', async () => 'zzzzzz.0000000000000000'],
    ['without form', async () => 'hello'],
    ['that has ended', async () => (await cluster.token({ ends: clock.now() - 1000 })).bearer],
    ['whose end cannot be read', async () => (await cluster.token({ data: { expiration: 'soon' } })).bearer],
    [
      'for signing only',
      async () => (await cluster.token({ data: { 'usage-bootstrap-authentication': 'no' } })).bearer,
    ],
    [
      'of foreign groups',
      async () => (await cluster.token({ data: { 'auth-extra-groups': 'system:masters' } })).bearer,
    ],
    ['with an empty secret', async () => `${(await cluster.token({ data: { 'token-secret': '' } })).id}.`],
    ['of another id', async () => (await cluster.token({ data: { 'token-id': 'abcdef' } })).bearer],
  ])('%s is refused', async (_, make) => {
    const client = cluster.clientOf({ token: await make() });
    expect(await statusOf(client.get(configMaps, config))).toBe(401);
  });

  it('is refused from the moment it is revoked', async () => {
    const { bearer, id } = await cluster.token();
    const client = cluster.clientOf({ token: bearer });
    for (let round = 0; round < 5; round++) expect(await statusOf(client.get(configMaps, config))).toBe(200);
    await cluster.plane.client.delete(secrets, { namespace: 'kube-system', name: `bootstrap-token-${id}` });
    expect(await statusOf(client.get(configMaps, config))).toBe(401);
  });

  it('is refused from the moment it ends, and is removed then', async () => {
    const { bearer, id } = await cluster.token({ ends: clock.now() + 1500 });
    const client = cluster.clientOf({ token: bearer });
    expect(await statusOf(client.get(configMaps, config))).toBe(200);
    const key = { namespace: 'kube-system', name: `bootstrap-token-${id}` };
    await eventually(async () => (await statusOf(client.get(configMaps, config))) === 401);
    await eventually(async () => (await statusOf(cluster.plane.client.get(secrets, key))) === 404);
  });
});

const requestFor = async (nodeName: string, hosts: readonly string[] = []) => {
  const { request } = await createSigningRequest(nodeSubject(nodeName), hosts);
  return { request: Buffer.from(request).toString('base64') };
};

describe('a request for a certificate', () => {
  let n2: NodeCertificates;
  let asN2: HttpClient;
  let asJoiner: HttpClient;
  beforeAll(async () => {
    n2 = await cluster.join('n2', ['192.0.2.2']);
    asN2 = cluster.clientOf(n2.client);
    asJoiner = cluster.clientOf({ token: (await cluster.token()).bearer });
    await createNode('alive', '192.0.2.9');
  });

  const ask = (client: HttpClient, signer: string, change: Partial<Parameters<typeof obtainCertificate>[0]>) =>
    obtainCertificate({ client, clock, signer, subject: nodeSubject('n2'), timeoutMs: 25_000, ...change });
  const serving = (hosts: readonly string[]) => () => ask(asN2, kubeletServingSigner, { hosts });

  it.each([
    ['of another node', () => ask(asN2, clientKubeletSigner, { subject: nodeSubject('n3') }), 'another node'],
    [
      'in the group of masters',
      () =>
        ask(asN2, clientKubeletSigner, {
          subject: { commonName: 'system:node:n2', organizations: ['system:masters'] },
        }),
      'the organization must be system:nodes',
    ],
    [
      'in one group more',
      () =>
        ask(asN2, clientKubeletSigner, {
          subject: { commonName: 'system:node:n2', organizations: ['system:nodes', 'system:masters'] },
        }),
      'the organization must be',
    ],
    [
      'of a user',
      () =>
        ask(asJoiner, clientKubeletSigner, {
          subject: { commonName: 'system:admin', organizations: ['system:nodes'] },
        }),
      'the common name must be',
    ],
    [
      'of no name',
      () =>
        ask(asJoiner, clientKubeletSigner, {
          subject: { commonName: 'system:node:', organizations: ['system:nodes'] },
        }),
      'the name of a node',
    ],
    [
      'of a name with a wildcard',
      () => ask(asJoiner, clientKubeletSigner, { subject: nodeSubject('*.example.com') }),
      'the name of a node',
    ],
    [
      'of a client with addresses',
      () => ask(asN2, clientKubeletSigner, { hosts: ['192.0.2.2'] }),
      'must not have alternative names',
    ],
    [
      'of a name that lives',
      () => ask(asJoiner, clientKubeletSigner, { subject: nodeSubject('alive') }),
      'berth node remove alive',
    ],
    [
      'of the server’s name',
      () => ask(asJoiner, clientKubeletSigner, { subject: nodeSubject('localhost') }),
      'the name "localhost" is the server\'s',
    ],
    [
      'for serving, by token',
      () => ask(asJoiner, kubeletServingSigner, { hosts: ['n2'] }),
      'with its client certificate',
    ],
    ['for serving, without hosts', serving([]), 'needs the names'],
    ['for serving at another’s address', serving(['n2', '192.0.2.9']), '192.0.2.9 belongs to node "alive"'],
    ['for serving under another’s name', serving(['alive']), 'alive belongs to node "alive"'],
    ['for serving at the server’s address', serving(['127.0.0.1']), '127.0.0.1 belongs to the server'],
    ['for serving under the server’s name', serving(['localhost']), 'localhost belongs to the server'],
    ['for serving with a wildcard', serving(['*.example.com']), 'a wildcard'],
  ])('%s is denied', async (_, attempt, why) => {
    await expect(attempt()).rejects.toThrow(why);
  });

  it('for an address that the node has not reported waits for the report, and is denied without', async () => {
    const { client } = cluster.plane;
    await createNode('n2', '192.0.2.2');
    const asked = serving(['n2', '192.0.2.22'])();
    await sleep(700);
    const addresses = [{ type: 'InternalIP', address: '192.0.2.22' }];
    await client.updateStatus(nodes, { metadata: { name: 'n2' }, status: { ...ready, addresses } });
    expect(new X509Certificate((await asked).cert).subjectAltName).toContain('192.0.2.22');
  });

  it('that is none is denied', async () => {
    const name = 'nonsense';
    const pem = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n');
    await asN2.create(certificateSigningRequests, {
      metadata: { name },
      spec: { request: pem.toString('base64'), usages: ['client auth'], signerName: clientKubeletSigner },
    });
    await eventually(async () => {
      const { status } = await asN2.get(certificateSigningRequests, { name });
      return status?.conditions?.[0]?.message?.includes('PKCS #10') ?? false;
    });
  });

  it('of a person waits for a person, whose approval is enough', async () => {
    const { client } = cluster.plane;
    const admin = cluster.clientOf(cluster.certs.admin);
    const { request } = await createSigningRequest({ commonName: 'eve', organizations: ['team'] }, []);
    const made = await admin.create(certificateSigningRequests, {
      metadata: { name: 'eve' },
      spec: {
        request: Buffer.from(request).toString('base64'),
        usages: ['client auth'],
        signerName: clientSigner,
        username: 'somebody-else',
      },
    });
    expect(made.spec.username).toBe('system:admin');
    await sleep(300);
    expect((await client.get(certificateSigningRequests, { name: 'eve' })).status?.certificate).toBeUndefined();
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Person', message: '' }];
    const approved = { ...made, status: { conditions } };
    await admin.updateSubresource(certificateSigningRequests, { name: 'eve' }, 'approval', approved);
    await eventually(async () => {
      const { status } = await client.get(certificateSigningRequests, { name: 'eve' });
      if (!status?.certificate) return false;
      const certificate = new X509Certificate(Buffer.from(status.certificate, 'base64'));
      return certificate.subject === 'O=team\nCN=eve';
    });
  });

  it('for the masters is not signed, whoever approves it', async () => {
    const admin = cluster.clientOf(cluster.certs.admin);
    const { request } = await createSigningRequest({ commonName: 'eve', organizations: ['system:masters'] }, []);
    const spec = {
      request: Buffer.from(request).toString('base64'),
      usages: ['client auth'],
      signerName: clientSigner,
    };
    const made = await admin.create(certificateSigningRequests, { metadata: { name: 'mallory' }, spec });
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Person', message: '' }];
    const approved = { ...made, status: { conditions } };
    await admin.updateSubresource(certificateSigningRequests, { name: 'mallory' }, 'approval', approved);
    await eventually(async () => {
      const { status } = await admin.get(certificateSigningRequests, { name: 'mallory' });
      return status?.conditions?.some(({ type }) => type === 'Failed') ?? false;
    });
  });
});

describe('a removed node', () => {
  it('is nobody from then on, on open connections too; joined anew it is itself again', async () => {
    const first = await cluster.join('gone', []);
    const old = cluster.clientOf(first.client);
    const own = { namespace: 'kube-node-lease', name: 'gone' };
    await old.create(leases, { metadata: own, spec: { holderIdentity: 'gone' } });
    let watching = true;
    const follow = async () => {
      for await (const _ of old.watch(nodes, { signal: new AbortController().signal }));
    };
    const ended = follow()
      .catch(() => undefined)
      .finally(() => {
        watching = false;
      });
    expect(watching).toBe(true);

    await revokeNode(cluster.plane.client, 'gone', clock);
    await eventually(async () => (await statusOf(old.get(leases, own))) === 401);
    await eventually(() => !watching);
    await ended;
    await expect(old.get(leases, own)).rejects.toThrow('berth join');

    const second = await cluster.join('gone', []);
    expect(await statusOf(cluster.clientOf(second.client).get(leases, own))).toBe(200);
    expect(await statusOf(old.get(leases, own))).toBe(401);
    expect(await statusOf(cluster.clientOf(first.serving).get(leases, own))).toBe(401);
  });

  it('by itself is nobody either', async () => {
    const { client: own } = await cluster.join('left', []);
    const node = cluster.clientOf(own);
    await node.create(nodes, { metadata: { name: 'left' } });
    await node.delete(nodes, { name: 'left' }, { dryRun: true });
    expect(await statusOf(node.get(nodes, { name: 'left' }))).toBe(200);
    await node.delete(nodes, { name: 'left' });
    await eventually(async () => (await statusOf(node.get(nodes, { name: 'left' }))) === 401);
    const { client: again } = await cluster.join('left', []);
    expect(await statusOf(cluster.clientOf(again).list(nodes))).toBe(200);
  });

  it('entries that no certificate outlives are dropped', async () => {
    const { client } = cluster.plane;
    const current = await client.get(configMaps, revokedNodesName);
    await client.update(configMaps, { ...current, data: { ...current.data, ancient: '2020-01-01T00:00:00.000Z' } });
    await revokeNode(client, 'somebody', clock);
    const { data } = await client.get(configMaps, revokedNodesName);
    expect(Object.keys(data ?? {}).sort()).toEqual(['gone', 'left', 'somebody']);
  });

  it('gets nothing for what it had asked for before', async () => {
    const { client } = cluster.plane;
    const { client: own } = await cluster.join('late', []);
    await createNode('late', '192.0.2.44');
    const { name } = (
      await cluster.clientOf(own).create(certificateSigningRequests, {
        metadata: { generateName: 'late-' },
        spec: {
          ...(await requestFor('late', ['192.0.2.45'])),
          usages: ['digital signature', 'server auth'],
          signerName: kubeletServingSigner,
        },
      })
    ).metadata;
    await revokeNode(client, 'late', clock);
    // Only now it is decided on.
    const addresses = [{ type: 'InternalIP', address: '192.0.2.45' }];
    await client.updateStatus(nodes, { metadata: { name: 'late' }, status: { ...ready, addresses } });
    await eventually(async () => {
      const { status } = await client.get(certificateSigningRequests, { name });
      expect(status?.certificate).toBeUndefined();
      return (
        status?.conditions?.some(({ type, message }) => type === 'Failed' && message?.includes('removed')) ?? false
      );
    });
  });
});

it('of two machines that join under one name at a time, the later one has it', async () => {
  const first = await cluster.join('twin', []);
  const second = await cluster.join('twin', []);
  await eventually(async () => (await statusOf(cluster.clientOf(first.client).list(nodes))) === 401);
  expect(await statusOf(cluster.clientOf(second.client).list(nodes))).toBe(200);
});
