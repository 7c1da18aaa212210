import { bootstrappersGroup, certificateIssuedExtra, nodesGroup } from '#api/certificates.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import { forbidden, tooManyRequests } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import { createLruMap } from '#client/lru.ts';
import { createTokenBucket, type TokenBucket } from '#client/token-bucket.ts';
import type { AdmissionHook } from '../registry/admission.ts';
import type { UserInfo } from '../registry/registry.ts';
import { isObjectOf } from './object-of.ts';

const requestersMax = 10_000;
/** A request of ours has some 500 bytes. */
const requestBytesMax = 16_384;
/** A node asks a few times a year. One token may be shared by all machines of a rack. */
const limits = {
  node: { burst: 20, refillMs: 10_000 },
  bootstrapper: { burst: 500, refillMs: 1_000 },
};

/**
 * Writes into each certificate signing request who made it, whatever the request says: approval rests on that. Of a node
 * also when its certificate was issued: what is revoked until the request is decided on gets no other. Machines, whose keys
 * may be stolen, make only so many.
 */
export function createSigningRequester(clock: Clock): AdmissionHook {
  const buckets = createLruMap<TokenBucket>(requestersMax);

  const check = (user: UserInfo, request: V1CertificateSigningRequest, dryRun: boolean): void => {
    const isBootstrapper = user.groups.includes(bootstrappersGroup);
    if (!isBootstrapper && !user.groups.includes(nodesGroup)) return;
    if ((request.spec?.request.length ?? 0) > requestBytesMax) {
      throw forbidden(certificateSigningRequests, request.metadata?.name ?? '', 'the request is too long');
    }
    if (dryRun) return;
    const { burst, refillMs } = isBootstrapper ? limits.bootstrapper : limits.node;
    const bucket = buckets.get(user.name) ?? createTokenBucket(clock, burst, refillMs);
    buckets.set(user.name, bucket);
    if (!bucket.take()) {
      throw tooManyRequests(`${user.name} has asked for too many certificates`, Math.ceil(refillMs / 1000));
    }
  };

  return {
    name: 'signing-requester',
    async admit({ definition, operation, object, dryRun, context: { user } }) {
      if (operation !== 'CREATE' || !object || !isObjectOf(definition, certificateSigningRequests, object)) return;
      check(user, object, dryRun);
      const { name: username, uid, issuedMs } = user;
      const extra =
        issuedMs === undefined ? undefined : { [certificateIssuedExtra]: [new Date(issuedMs).toISOString()] };
      object.spec = { ...object.spec, username, groups: [...user.groups], uid, extra };
    },
  };
}
