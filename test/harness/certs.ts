/** Certificates for tests, made in memory. */

import type { KeyPair } from '#host/key-pair.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';

export interface TestCertificates {
  readonly ca: KeyPair;
  /** For 127.0.0.1, ::1 and localhost. */
  readonly server: KeyPair;
  /** system:admin in system:masters. */
  readonly admin: KeyPair;
  /** What a server shows to nodes' agents. */
  readonly proxy: KeyPair;
  /** A client certificate of the same authority. */
  client(commonName: string, organizations?: readonly string[]): Promise<KeyPair>;
  /** A serving certificate of the same authority. */
  serving(hosts: readonly string[]): Promise<KeyPair>;
}

const days = 2;

export async function createTestCertificates(): Promise<TestCertificates> {
  const nowMs = Date.now();
  const ca = await createAuthority('test-ca', days, nowMs);
  const client = (commonName: string, organizations: readonly string[] = []) =>
    issueCertificate(ca, { commonName, organizations, days }, nowMs);
  const serving = (hosts: readonly string[]) =>
    issueCertificate(ca, { commonName: hosts[0] ?? 'localhost', hosts, days }, nowMs);
  const [server, admin, proxy] = await Promise.all([
    serving(['127.0.0.1', '::1', 'localhost']),
    client('system:admin', ['system:masters']),
    client('apiserver-client', ['system:masters']),
  ]);
  return { ca, server, admin, proxy, client, serving };
}
