import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { certificateBackdateMs } from '#api/certificates.ts';

/** A certificate and its key; PEM. */
export interface KeyPairPem {
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds since the epoch; `issuedMs` of a certificate that our cluster has signed. */
export interface Validity {
  readonly issuedMs: number;
  readonly endsMs: number;
}

/** Throws when it is no certificate. */
export function validityOf(cert: string): Validity {
  const { validFrom, validTo } = new X509Certificate(cert);
  const beginsMs = Date.parse(validFrom);
  const endsMs = Date.parse(validTo);
  const issuedMs = beginsMs + certificateBackdateMs;
  return { issuedMs: issuedMs < endsMs ? issuedMs : beginsMs, endsMs };
}

/** Whether it is for these names and addresses, all of them and no others. */
export function isForHosts(cert: string, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  const found = (certificate.subjectAltName ?? '').split(', ').filter(Boolean);
  const covers = (host: string): boolean =>
    (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
  return found.length === new Set(hosts).size && hosts.every(covers);
}

/** Whether the certificate is of this key. */
export function isPair({ cert, key }: KeyPairPem): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
