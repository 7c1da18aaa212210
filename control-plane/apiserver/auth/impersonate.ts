import { badRequest } from '#api/status-error.ts';
import type { ApiRequest } from '../http/message.ts';
import type { UserInfo } from '../registry/registry.ts';
import { type Authorizer, authenticatedGroup, forbiddenError } from './authorizer.ts';

/** Acts on `kubectl --as` and `--as-group`: the Impersonate-* headers, for those who may impersonate. */
export function impersonate(user: UserInfo, headers: ApiRequest['headers'], authorizer: Authorizer): UserInfo {
  const name = headers['impersonate-user'];
  const groups = headers['impersonate-group']?.split(/,\s*/) ?? [];
  const uid = headers['impersonate-uid'];
  if (name === undefined) {
    if (groups.length || uid !== undefined) throw badRequest('requested impersonation without impersonating a user');
    return user;
  }
  demand(user, authorizer, 'users', name);
  for (const group of groups) demand(user, authorizer, 'groups', group);
  if (uid !== undefined) demand(user, authorizer, 'uids', uid);
  return { name, ...(uid !== undefined && { uid }), groups: [...new Set([...groups, authenticatedGroup])] };
}

function demand(user: UserInfo, authorizer: Authorizer, resource: string, name: string): void {
  const attributes = { kind: 'resource', verb: 'impersonate', group: '', resource, name } as const;
  const { allowed, reason } = authorizer.authorize(user, attributes);
  if (!allowed) throw forbiddenError(user, attributes, reason);
}
