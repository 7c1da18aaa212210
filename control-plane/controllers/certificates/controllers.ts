import { X509Certificate } from 'node:crypto';
import type { Runnable } from '#client/reconciler.ts';
import type { ControllerContext } from '../shared/context.ts';
import { createApprover } from './approver.ts';
import { createRequestCleaner } from './cleaner.ts';
import { plain } from './node-facts.ts';
import { createSigner } from './signer.ts';

export interface SigningSettings {
  /** PEM of the cluster's authority. */
  readonly caCert: string;
  readonly caKey: string;
  /** The lifetime of what is signed; fractions are fine. @default 365 */
  readonly days?: number | undefined;
  /** PEM of the API server's certificate: what it is for, no node may be. */
  readonly serverCert?: string | undefined;
}

/** Approves, signs and removes certificate signing requests. */
export function createCertificateControllers(
  context: ControllerContext,
  settings: SigningSettings,
): readonly Runnable[] {
  const { days = 365, caCert, caKey, serverCert } = settings;
  return [
    createApprover(context, serverCert === undefined ? new Set() : hostsOf(serverCert)),
    createSigner(context, { caCert, caKey, days }),
    createRequestCleaner(context),
  ];
}

/** `DNS:localhost, IP Address:127.0.0.1` */
function hostsOf(pem: string): ReadonlySet<string> {
  const { subjectAltName = '' } = new X509Certificate(pem);
  const hosts = subjectAltName.split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, ''));
  return new Set(hosts.filter(Boolean).map((host) => plain(host.toLowerCase())));
}
