import { expect, it } from 'vitest';
import { clientKubeletSigner } from '#api/certificates.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { startTestCore } from '#test/harness/core.ts';
import { createSigningRequester } from './signing-requester.ts';

const pem = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----').toString('base64');
const spec = { request: pem, signerName: clientKubeletSigner, usages: ['client auth'] };

it('says who asked, whatever was claimed, and lets nobody with a machine’s key ask without end', async () => {
  const clock = createVirtualClock();
  const definitions = builtInDefinitions();
  const { core, stop } = await startTestCore({ clock, definitions, admission: [createSigningRequester(clock)] });
  const node = core.client({ name: 'system:node:n1', groups: ['system:nodes'] });
  const ask = (client = node) => client.create(certificateSigningRequests, { metadata: { generateName: 'a-' }, spec });

  const claimed = { ...spec, username: 'system:admin', groups: ['system:masters'], uid: 'x', extra: { a: ['b'] } };
  const made = await node.create(certificateSigningRequests, { metadata: { name: 'first' }, spec: claimed });
  expect(made.spec).toEqual({ ...spec, username: 'system:node:n1', groups: ['system:nodes'] });
  const long = { ...spec, request: Buffer.alloc(20_000, 'a').toString('base64') };
  await expect(node.create(certificateSigningRequests, { metadata: { name: 'long' }, spec: long })).rejects.toThrow(
    'too long',
  );

  for (let count = 1; count < 20; count++) await ask();
  await expect(ask()).rejects.toThrow('too many certificates');
  await ask(core.client({ name: 'system:node:n2', groups: ['system:nodes'] }));
  await clock.advance(10_000);
  await ask();
  await expect(ask()).rejects.toMatchObject({ code: 429 });
  const admin = core.client({ name: 'system:admin', groups: ['system:masters'] });
  for (let count = 0; count < 100; count++) await ask(admin);
  await stop();
});
