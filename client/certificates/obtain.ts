import { kubeletServingSigner } from '#api/certificates.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isExpired } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient } from '../api-client.ts';
import { isPair, type KeyPairPem } from './key-pair.ts';
import { type CertificateSubject, createSigningRequest } from './signing-request.ts';

/** No certificate: `denied` and `failed` are the cluster's answer, `timeout` is that there was none. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly why: 'denied' | 'failed' | 'timeout';
  /** The condition's reason, such as NodeNameTaken. */
  readonly reason: string;

  constructor(why: 'denied' | 'failed' | 'timeout', reason: string, message: string) {
    super(message);
    this.why = why;
    this.reason = reason;
  }
}

export interface ObtainOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly signer: string;
  readonly subject: CertificateSubject;
  /** Names and addresses of a serving certificate. */
  readonly hosts?: readonly string[] | undefined;
  /** Wished for; the cluster may give less. */
  readonly expirationSeconds?: number | undefined;
  /** For the cluster's answer. @default 60 s */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes a key, asks the cluster to certify it, and waits. Throws a CertificateError, or the StatusError of a request. */
export async function obtainCertificate(options: ObtainOptions): Promise<KeyPairPem> {
  const { client, clock, signer, subject, hosts = [], expirationSeconds, timeoutMs = 60_000, signal } = options;
  const limit = new AbortController();
  const onAbort = (): void => limit.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const timer = clock.setTimer(timeoutMs, () => limit.abort(notInTime(signer, timeoutMs)));
  try {
    const { request, key } = await createSigningRequest(subject, hosts);
    const usage = signer === kubeletServingSigner ? 'server auth' : 'client auth';
    const created = await client.create(
      certificateSigningRequests,
      {
        metadata: { generateName: 'csr-' },
        spec: {
          request: Buffer.from(request).toString('base64'),
          signerName: signer,
          usages: ['digital signature', usage],
          ...(expirationSeconds !== undefined && { expirationSeconds }),
        },
      },
      { signal: limit.signal },
    );
    const cert = await issued(client, created, clock, limit.signal);
    const pair = { cert, key };
    if (!isPair(pair)) throw new CertificateError('failed', 'WrongKey', 'the certificate that came is of another key');
    return pair;
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : error;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

const notInTime = (signer: string, timeoutMs: number): CertificateError =>
  new CertificateError(
    'timeout',
    'NoAnswer',
    `the cluster has not answered the request for a certificate (${signer}) within ${Math.round(timeoutMs / 1000)} s: ` +
      'look at it with kubectl get csr, and whether the server runs its controllers',
  );

const pauseMs = 500;

/** Follows the request until it is decided. */
async function issued(
  client: ApiClient,
  created: Stored<V1CertificateSigningRequest>,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  const { name } = created.metadata;
  let resourceVersion: string | undefined = created.metadata.resourceVersion;
  for (;;) {
    try {
      if (resourceVersion === undefined) {
        const current = await client.get(certificateSigningRequests, { name }, { signal });
        const cert = certificateOf(current);
        if (cert !== undefined) return cert;
        resourceVersion = current.metadata.resourceVersion;
      }
      const events = client.watch(certificateSigningRequests, {
        fieldSelector: `metadata.name=${name}`,
        resourceVersion,
        signal,
      });
      for await (const { type, object } of events) {
        if (type === 'DELETED') throw new CertificateError('failed', 'Deleted', `the request ${name} was deleted`);
        const cert = certificateOf(object);
        if (cert !== undefined) return cert;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isExpired(error)) throw error;
    }
    signal.throwIfAborted();
    resourceVersion = undefined;
    await clock.sleep(pauseMs, signal);
  }
}

/** Undefined: not decided yet. Throws when it was refused. */
function certificateOf({ status }: V1CertificateSigningRequest): string | undefined {
  const condition = (type: string) => status?.conditions?.find((one) => one.type === type);
  const denied = condition('Denied');
  if (denied) throw new CertificateError('denied', denied.reason ?? '', denied.message || 'the request was denied');
  const failed = condition('Failed');
  if (failed) throw new CertificateError('failed', failed.reason ?? '', failed.message || 'the request failed');
  return status?.certificate ? Buffer.from(status.certificate, 'base64').toString('utf8') : undefined;
}
