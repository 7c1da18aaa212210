import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSigningRequest } from './signing-request.ts';

const subject = { commonName: 'system:node:n1', organizations: ['system:nodes'] };
const hosts = ['n1', 'n1.example.com', '192.0.2.7', '2001:db8::1', '::ffff:192.0.2.8', 'fe80:0:0:0:1:2:3:4'];

it('is signed with its key and says what was asked for, by a library', async () => {
  const { request, key } = await createSigningRequest(subject, hosts);
  const parsed = new x509.Pkcs10CertificateRequest(request);
  expect(await parsed.verify(webcrypto)).toBe(true);
  expect(parsed.subject).toBe('O=system:nodes, CN=system:node:n1');
  const names = namesOf(parsed);
  expect(names.map(({ type, value }) => `${type} ${value}`)).toEqual([
    'dns n1',
    'dns n1.example.com',
    'ip 192.0.2.7',
    'ip 2001:db8::1',
    'ip ::ffff:c000:208',
    'ip fe80::1:2:3:4',
  ]);
  const own = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
  expect(Buffer.from(parsed.publicKey.rawData).equals(own)).toBe(true);
});

it('by OpenSSL', async () => {
  const { request } = await createSigningRequest(subject, hosts);
  const answer = spawnSync('openssl', ['req', '-verify', '-noout', '-text'], { input: request, encoding: 'utf8' });
  expect(answer.status, answer.stderr).toBe(0);
  expect(answer.stdout).toContain('NIST CURVE: P-256');
  expect(answer.stdout).toContain('DNS:n1, DNS:n1.example.com, IP Address:192.0.2.7');
});

it('without hosts it asks for no extension', async () => {
  const parsed = new x509.Pkcs10CertificateRequest((await createSigningRequest(subject, [])).request);
  expect(parsed.extensions).toEqual([]);
  expect(await parsed.verify(webcrypto)).toBe(true);
});

it('of any name, however long', async () => {
  const names = fc.string({ minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(names, fc.array(fc.ipV6(), { maxLength: 40 }), async (commonName, addresses) => {
      const { request } = await createSigningRequest({ commonName, organizations: [] }, addresses);
      const parsed = new x509.Pkcs10CertificateRequest(request);
      expect(await parsed.verify(webcrypto)).toBe(true);
      expect(parsed.subjectName.getField('CN')).toEqual([commonName]);
      expect(namesOf(parsed)).toHaveLength(addresses.length);
    }),
    { numRuns: 50 },
  );
});

const namesOf = ({ extensions }: x509.Pkcs10CertificateRequest) =>
  extensions.flatMap((one) => (one instanceof x509.SubjectAlternativeNameExtension ? one.names.items : []));
