import { createHash, timingSafeEqual } from 'node:crypto';
import { bootstrappersGroup, bootstrapTokenType, bootstrapUserPrefix } from '#api/certificates.ts';
import type { V1Secret } from '#api/generated/types.ts';
import type { UserInfo } from '../registry/registry.ts';
import { authenticatedGroup } from './authorizer.ts';

/**
 * The user of a token that is kept in this Secret, in kubeadm's format; undefined when the token is not the right one, has
 * ended, or is not meant for this. Whoever holds a wrong secret learns nothing from how long the answer takes.
 */
export function bootstrapUser(
  secret: V1Secret,
  token: { readonly id: string; readonly secret: string },
  nowMs: number,
): UserInfo | undefined {
  const field = (name: string): string => Buffer.from(secret.data?.[name] ?? '', 'base64').toString('utf8');
  const isRight = equalInSecret(field('token-secret'), token.secret) && field('token-secret') !== '';
  if (!isRight || field('token-id') !== token.id) return undefined;
  if (secret.type !== bootstrapTokenType || secret.metadata?.deletionTimestamp) return undefined;
  if (field('usage-bootstrap-authentication') !== 'true') return undefined;
  if (hasEnded(field('expiration'), nowMs)) return undefined;
  const extra = extraGroups(field('auth-extra-groups'));
  return (
    extra && { name: `${bootstrapUserPrefix}${token.id}`, groups: [bootstrappersGroup, ...extra, authenticatedGroup] }
  );
}

/** Of an expiration as it stands in the Secret; empty: never. What cannot be read has ended. */
function hasEnded(expiration: string, nowMs: number): boolean {
  return expiration !== '' && !(Date.parse(expiration) > nowMs);
}

/** Undefined when one of them is not for joining machines: such a token is not taken at all. */
function extraGroups(text: string): readonly string[] | undefined {
  const groups = text.split(',').filter(Boolean);
  return groups.every((group) => extraGroup.test(group)) ? groups : undefined;
}

const extraGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

function equalInSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
