import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writeFileAtomic } from './files.ts';

/** PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export function loadKeyPair(folder: string, name: string): KeyPair | undefined {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  if (!existsSync(cert) || !existsSync(key)) return undefined;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** The key first: a certificate that is there always has its key. */
export function saveKeyPair(folder: string, name: string, pair: KeyPair): void {
  writeFileAtomic(join(folder, `${name}.key`), `${pair.key.trim()}\n`, 0o600);
  writeFileAtomic(join(folder, `${name}.crt`), `${pair.cert.trim()}\n`, 0o644);
}

/** True when less than a fifth of its life is left, or a wanted host is not in it. */
export function needsRenewal(pair: KeyPair, hosts: readonly string[], nowMs: number): boolean {
  const certificate = new X509Certificate(pair.cert);
  const endMs = Date.parse(certificate.validTo);
  if (endMs - nowMs < (endMs - Date.parse(certificate.validFrom)) / 5) return true;
  return hosts.some((host) => !(isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)));
}
