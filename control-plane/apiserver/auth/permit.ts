import { notFound, type StatusError } from '#api/status-error.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { Attributes } from './attributes.ts';
import { type Authorizer, forbiddenError } from './authorizer.ts';
import type { Decision } from './decision.ts';

/**
 * Throws unless the user may do this. A refusal that rests on what is not in the watch cache is thought over once, after
 * `current` has resolved: the cache then holds everything written before. Resolves at once (undefined) in all other cases.
 */
export function permit(
  authorizer: Authorizer,
  user: UserInfo,
  attributes: Attributes,
  current: (() => Promise<unknown>) | undefined,
): Promise<void> | undefined {
  const decision = authorizer.authorize(user, attributes);
  if (decision.allowed) return undefined;
  if (!decision.unseen || !current) throw refusal(user, attributes, decision);
  return current().then(() => {
    const again = authorizer.authorize(user, attributes);
    if (!again.allowed) throw refusal(user, attributes, again);
  });
}

function refusal(user: UserInfo, attributes: Attributes, { reason, missing }: Decision): StatusError {
  if (missing && attributes.kind === 'resource') return notFound(attributes, attributes.name ?? '');
  return forbiddenError(user, attributes, reason);
}
