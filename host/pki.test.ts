import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { needsRenewal } from './key-pair.ts';
import { createAuthority, issueCertificate } from './pki.ts';

const dayMs = 86_400_000;
const now = Date.UTC(2026, 5, 1);

describe('certificates', () => {
  it('are signed by the authority, for the user and groups or the hosts asked for', async () => {
    const ca = await createAuthority('test-ca', 10, now);
    const client = await issueCertificate(
      ca,
      { commonName: 'system:admin', organizations: ['system:masters'], days: 5 },
      now,
    );
    const server = await issueCertificate(
      ca,
      { commonName: 'api', hosts: ['127.0.0.1', 'localhost', '::1'], days: 5 },
      now,
    );
    const authority = new X509Certificate(ca.cert);
    expect(authority.ca).toBe(true);
    expect(new X509Certificate(client.cert).verify(authority.publicKey)).toBe(true);
    expect(new X509Certificate(client.cert).subject).toBe('O=system:masters\nCN=system:admin');
    expect(new X509Certificate(server.cert).checkHost('localhost')).toBe('localhost');
    expect(new X509Certificate(server.cert).checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(new X509Certificate(server.cert).checkIP('::1')).toBe('::1');
    expect(new X509Certificate(server.cert).checkHost('example.com')).toBeUndefined();
  });

  it('do not outlive their authority, and tolerate a clock that is a little behind', async () => {
    const ca = await createAuthority('test-ca', 10, now);
    const certificate = new X509Certificate((await issueCertificate(ca, { commonName: 'x', days: 100 }, now)).cert);
    expect(Date.parse(certificate.validTo)).toBeLessThanOrEqual(now + 10 * dayMs);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(now);
  });

  it('have positive serial numbers, each another', async () => {
    const ca = await createAuthority('test-ca', 10, now);
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const pair = await issueCertificate(ca, { commonName: 'x', days: 1 }, now);
        return new X509Certificate(pair.cert).serialNumber;
      }),
    );
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(Number.parseInt(serial[0] ?? 'f', 16)).toBeLessThan(8);
  });

  it('need renewal near their end, and when the machine has a new address', async () => {
    const ca = await createAuthority('test-ca', 1000, now);
    const pair = await issueCertificate(ca, { commonName: 'x', hosts: ['localhost', '192.0.2.1'], days: 100 }, now);
    expect(needsRenewal(pair, ['localhost', '192.0.2.1'], now + 70 * dayMs)).toBe(false);
    expect(needsRenewal(pair, ['localhost'], now + 81 * dayMs)).toBe(true);
    expect(needsRenewal(pair, ['192.0.2.2'], now)).toBe(true);
  });
});
