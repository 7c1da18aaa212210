import { expect, it } from 'vitest';
import { bootstrappersGroup, bootstrapUserPrefix, clientKubeletSigner } from '#api/certificates.ts';
import { certificateSigningRequests, namespaces } from '#api/kinds.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { nodeSubject } from '#client/certificates/node-certificates.ts';
import { revokedAt } from '#client/certificates/revoke-node.ts';
import { createSigningRequest } from '#client/certificates/signing-request.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { startTestCore } from '#test/harness/core.ts';
import { eventually } from '#test/harness/eventually.ts';
import { createApprover, hasCondition } from './approver.ts';

it('lets a second machine of one name wait until what the first one gets can be revoked', async () => {
  const clock = createRealClock();
  const { core, stop } = await startTestCore({ clock, definitions: builtInDefinitions() });
  const client = core.client({ name: 'system:admin', groups: ['system:masters'] });
  await client.create(namespaces, { metadata: { name: 'kube-system' } });
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = { record: () => undefined, flush: () => Promise.resolve() };
  const approver = createApprover({ client, informers, clock, random, log, recorder }, new Set());
  const life = new AbortController();
  informers.start(life.signal);
  const running = approver.run(life.signal);

  const join = async (name: string, nodeName: string): Promise<void> => {
    const { request } = await createSigningRequest(nodeSubject(nodeName), []);
    await client.create(certificateSigningRequests, {
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: clientKubeletSigner,
        usages: ['digital signature', 'client auth'],
        username: `${bootstrapUserPrefix}abcdef`,
        groups: [bootstrappersGroup],
      },
    });
  };
  const isApproved = async (name: string): Promise<boolean> =>
    hasCondition(await client.get(certificateSigningRequests, { name }), 'Approved');

  await join('first', 'twin');
  await eventually(() => isApproved('first'));
  // Nobody signs yet.
  await join('second', 'twin');
  await join('other', 'single');
  await eventually(() => isApproved('other'));
  const signedMs = clock.now();
  const first = await client.get(certificateSigningRequests, { name: 'first' });
  await client.updateStatus(certificateSigningRequests, { ...first, status: { ...first.status, certificate: 'eA==' } });
  await eventually(() => isApproved('second'));
  expect(await revokedAt(client, 'twin')).toBeGreaterThanOrEqual(signedMs);
  expect(await revokedAt(client, 'single')).toBeUndefined();

  life.abort();
  await Promise.all([running, informers.stopped()]);
  await stop();
});
