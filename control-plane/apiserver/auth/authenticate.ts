import { unauthorized } from '#api/status-error.ts';
import type { ApiRequest } from '../http/message.ts';
import type { UserInfo } from '../registry/registry.ts';
import { authenticatedGroup, unauthenticatedGroup } from './authorizer.ts';

export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

/**
 * Who sent this. A client certificate decides (common name: user; organizations: groups). What is offered but not valid is
 * refused, never taken for anonymous: 401.
 */
export function authenticate(request: Pick<ApiRequest, 'peer' | 'headers'>): UserInfo {
  const { peer } = request;
  if (peer.kind === 'certificate') {
    if (!peer.commonName) throw unauthorized('Unauthorized: the client certificate has no common name');
    return { name: peer.commonName, groups: [...peer.organizations, authenticatedGroup] };
  }
  if (peer.kind === 'rejected') throw unauthorized();
  const authorization = request.headers.authorization;
  if (authorization === undefined) return anonymous;
  if (/^bearer\s/i.test(authorization)) {
    throw unauthorized('Unauthorized: bearer tokens are not supported yet by this version; use a client certificate');
  }
  throw unauthorized('Unauthorized: this kind of Authorization header is not supported; use a client certificate');
}
