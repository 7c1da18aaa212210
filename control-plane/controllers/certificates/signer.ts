import { clientKubeletSigner, clientSigner, kubeletServingSigner, nodeUserPrefix } from '#api/certificates.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { messageOf } from '#base/error-message.ts';
import { revokedAt } from '#client/certificates/revoke-node.ts';
import { createController } from '#client/controller.ts';
import { done, type Reconcile, type Runnable } from '#client/reconciler.ts';
import { forObject } from '#client/sources.ts';
import { type ControllerContext, retries } from '../shared/context.ts';
import { formatTime } from '../shared/time.ts';
import { hasCondition } from './approver.ts';
import { removalError, signingError } from './policy.ts';
import type { ParsedRequest } from './request.ts';
import type { SigningAuthority } from './sign.ts';

const dayMs = 86_400_000;
const signers = new Set([clientKubeletSigner, kubeletServingSigner, clientSigner]);

/** Signs what was approved, by our approver or by a person, once it has looked at it again. */
export function createSigner(context: ControllerContext, authority: SigningAuthority): Runnable {
  const { client, clock, random, informers } = context;
  const requests = informers.informer(certificateSigningRequests);

  const fail = async (found: Stored<V1CertificateSigningRequest>, message: string, signal: AbortSignal) => {
    const time = formatTime(clock.now());
    const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message };
    const conditions = [
      ...(found.status?.conditions ?? []),
      { ...condition, lastUpdateTime: time, lastTransitionTime: time },
    ];
    await client.updateStatus(
      certificateSigningRequests,
      { ...found, status: { ...found.status, conditions } },
      { signal },
    );
  };

  /** Undefined: it was not, or the request is of no node. */
  const revokedOf = async ({ commonNames }: ParsedRequest, signal: AbortSignal): Promise<number | undefined> => {
    const [name = ''] = commonNames;
    return name.startsWith(nodeUserPrefix) ? revokedAt(client, name.slice(nodeUserPrefix.length), signal) : undefined;
  };

  const reconcile: Reconcile = async (signal, key, log) => {
    const found = requests.get(key);
    if (!found || !isToSign(found)) return done;
    const { spec } = found;
    const { parseRequest } = await import('./request.ts');
    let parsed: ParsedRequest;
    try {
      parsed = await parseRequest(spec.request);
    } catch (error) {
      await fail(found, messageOf(error), signal);
      return done;
    }
    // Before the look at what was revoked: whatever is revoked later revokes this certificate too.
    const nowMs = clock.now();
    const revokedMs = await revokedOf(parsed, signal);
    const wrong = signingError(spec, parsed) ?? removalError(spec, revokedMs);
    if (wrong) {
      log?.warn({ why: wrong, by: spec.username }, 'an approved certificate is not signed');
      await fail(found, wrong, signal);
      return done;
    }
    const { signRequest } = await import('./sign.ts');
    const longestMs = authority.days * dayMs;
    const pem = await signRequest(authority, parsed, {
      use: spec.signerName === kubeletServingSigner ? 'server' : 'client',
      keyEncipherment: spec.usages?.includes('key encipherment') ?? false,
      // A certificate tells its time in seconds: one for a name that was revoked in this very second must show to be later.
      issuedMs: revokedMs === undefined ? nowMs : Math.max(nowMs, revokedMs + 1_000),
      lifetimeMs: Math.min(longestMs, (spec.expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000),
      random,
    });
    const certificate = Buffer.from(pem).toString('base64');
    await client.updateStatus(
      certificateSigningRequests,
      { ...found, status: { ...found.status, certificate } },
      { signal },
    );
    log?.info({ name: parsed.commonNames[0], signer: spec.signerName }, 'signed a certificate');
    return done;
  };

  return createController({
    name: 'certificate-signer',
    queue: retries,
    reconcile,
    sources: [forObject(requests, isToSign)],
    clock,
    random,
    log: context.log,
  });
}

const isToSign = (request: V1CertificateSigningRequest): boolean =>
  signers.has(request.spec?.signerName ?? '') &&
  hasCondition(request, 'Approved') &&
  !hasCondition(request, 'Denied') &&
  !hasCondition(request, 'Failed') &&
  !request.status?.certificate;
