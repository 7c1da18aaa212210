import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientKubeletSigner, revokedNodesName } from '#api/certificates.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { configMaps, deployments, endpointSlices, namespaces, nodes, pods } from '#api/kinds.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { issueCertificate } from '#host/pki.ts';
import { createTestCertificates } from '#test/harness/certs.ts';
import { startTestControllers, type TestControllers } from '#test/harness/controllers.ts';
import { type CliContext, CliError } from '../command.ts';
import { statusOf } from './list.ts';
import { isRequestOf, removeNode } from './remove.ts';

let bed: TestControllers;
beforeEach(async () => {
  bed = await startTestControllers();
  await bed.done(bed.client.create(namespaces, { metadata: { name: 'kube-system' } }));
});
afterEach(() => bed.stop());

async function node(name: string, address: string, ready: 'True' | 'Unknown' = 'True'): Promise<void> {
  await bed.done(
    bed.client.create(nodes, {
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: ready }] },
    }),
  );
}

async function podOn(name: string, owned: boolean): Promise<void> {
  // No agent is there that would end it in its time.
  const spec = { containers: [{ name: 'main', image: 'x' }], terminationGracePeriodSeconds: 0 };
  if (owned) {
    const labels = { app: 'web' };
    const selector = { matchLabels: labels };
    const metadata = { namespace: 'default', name: 'web' };
    await bed.done(
      bed.client.create(deployments, {
        metadata,
        spec: { replicas: 1, selector, template: { metadata: { labels }, spec } },
      }),
    );
    await bed.clock.advance(1_000);
  } else await bed.done(bed.client.create(pods, { metadata: { namespace: 'default', name: 'bare' }, spec }));
  const [pod] = (await bed.client.list(pods, { namespace: 'default' })).items;
  const key = { namespace: 'default', name: pod?.metadata.name ?? '' };
  const target = { apiVersion: 'v1', kind: 'Node', name };
  const binding = { metadata: { name: key.name }, target };
  await bed.done(bed.client.createSubresource(pods, key, 'binding', binding));
}

async function remove(name: string, force = false): Promise<{ said: string; error: unknown }> {
  const stdout = new PassThrough();
  const context: CliContext = {
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    env: {},
    cwd: '/',
    clock: bed.clock,
    random: createSeededRandom(1),
    signal: new AbortController().signal,
  };
  let over = false;
  const removed = removeNode(bed.client, name, { force, timeoutMs: 60_000 }, context)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
    .finally(() => {
      over = true;
    });
  await bed.clock.runUntil(() => over, 600_000);
  return { error: await removed, said: String(stdout.read() ?? '') };
}
const nodeNames = async () => (await bed.client.list(nodes)).items.map((one) => one.metadata.name);
const revoked = () => bed.client.get(configMaps, revokedNodesName).then(({ data }) => Object.keys(data ?? {}));

describe('removing a node', () => {
  it('that is not there names those that are', async () => {
    await node('m1', '192.0.2.1');
    const { error } = await remove('m9');
    expect(error).toMatchObject({ message: 'there is no node m9', fix: 'There are: m1' });
  });

  it('that is the server is refused', async () => {
    await node('m1', '192.0.2.1');
    await bed.done(
      bed.client.create(endpointSlices, {
        metadata: { namespace: 'default', name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['192.0.2.1'] }],
        ports: [],
      }),
    );
    const { error } = await remove('m1', true);
    expect(error).toBeInstanceOf(CliError);
    expect(String(error)).toContain('m1 is the server of the cluster');
    expect(await nodeNames()).toEqual(['m1']);
  });

  it('that lives moves its pods first, then refuses its certificates, then deletes it', async () => {
    await node('m2', '192.0.2.2');
    await podOn('m2', true);
    const { error, said } = await remove('m2');
    expect(error).toBeUndefined();
    expect(said).toContain('1 pod was moved');
    expect(said).toContain('berth down --purge');
    expect(await nodeNames()).toEqual([]);
    expect(await revoked()).toEqual(['m2']);
  });

  it('with a pod that nobody makes anew is refused, and nothing is removed', async () => {
    await node('m2', '192.0.2.2');
    await podOn('m2', false);
    const { error } = await remove('m2');
    expect(error).toMatchObject({ fix: expect.stringContaining('berth node remove m2 --force') });
    expect(String(error)).toContain('default/bare');
    expect(await nodeNames()).toEqual(['m2']);
    expect((await remove('m2', true)).error).toBeUndefined();
    expect(await nodeNames()).toEqual([]);
  });

  it('that is dead asks nothing of it', async () => {
    await node('m2', '192.0.2.2', 'Unknown');
    await podOn('m2', false);
    const { error, said } = await remove('m2');
    expect(error).toBeUndefined();
    expect(said).toContain('its pods are replaced without its word');
    expect(await nodeNames()).toEqual([]);
  });
});

describe('a request for a certificate', () => {
  const request = (username: string, certificate?: string): V1CertificateSigningRequest => ({
    spec: { username, request: '', signerName: clientKubeletSigner, usages: [] },
    status: certificate === undefined ? {} : { certificate: Buffer.from(certificate).toString('base64') },
  });

  it('is of the node that made it, or that it was made for', async () => {
    const { ca } = await createTestCertificates();
    const ofNode = { commonName: 'system:node:m2', organizations: ['system:nodes'], days: 1 };
    const { cert } = await issueCertificate(ca, ofNode, Date.now());
    expect(isRequestOf(request('system:node:m2'), 'm2')).toBe(true);
    expect(isRequestOf(request('system:bootstrap:abc123', cert), 'm2')).toBe(true);
    expect(isRequestOf(request('system:bootstrap:abc123', cert), 'm')).toBe(false);
    expect(isRequestOf(request('system:bootstrap:abc123'), 'm2')).toBe(false);
    expect(isRequestOf(request('system:bootstrap:abc123', 'nonsense'), 'm2')).toBe(false);
  });
});

it.each([
  [{ status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'Ready'],
  [{ status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, 'NotReady'],
  [{ status: {} }, 'Unknown'],
  [
    { spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    'Ready,SchedulingDisabled',
  ],
])('the status of a node in a word', (one, word) => expect(statusOf(one)).toBe(word));
