import { bootstrapTokenPrefix, certificateBackdateMs, nodeUserPrefix } from '#api/certificates.ts';
import type { V1Secret } from '#api/generated/types.ts';
import { parseBearer } from '#api/join-token.ts';
import { unauthorized } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiRequest, Peer } from '../http/message.ts';
import type { UserInfo } from '../registry/registry.ts';
import { authenticatedGroup, unauthenticatedGroup } from './authorizer.ts';
import { bootstrapUser } from './bootstrap-token.ts';
import type { Revocations } from './revocations.ts';

export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] };

export interface Authenticator {
  /**
   * Who sent this. A client certificate decides (common name: user; organizations: groups), without one a bearer token. What
   * is offered but not valid is refused, never taken for anonymous: 401. A promise only where a token has to be looked up.
   */
  authenticate(request: Pick<ApiRequest, 'peer' | 'headers' | 'signal'>): UserInfo | Promise<UserInfo>;
  /** The user of a token; undefined when it is not valid (any more). */
  token(token: string, signal: AbortSignal): Promise<UserInfo | undefined>;
  /** Is this a certificate that was revoked? Its connections should end. */
  isRevoked(peer: Peer): boolean;
}

export interface AuthenticatorOptions {
  readonly clock: Clock;
  /** As it is now; undefined when there is none. Absent: no tokens are taken. */
  readonly secret?:
    | ((namespace: string, name: string, signal: AbortSignal) => Promise<V1Secret | undefined>)
    | undefined;
  readonly revocations?: Revocations | undefined;
}

export function createAuthenticator({ clock, secret, revocations }: AuthenticatorOptions): Authenticator {
  const ofCertificate = (peer: Extract<Peer, { kind: 'certificate' }>): UserInfo => {
    if (!peer.commonName) throw unauthorized('Unauthorized: the client certificate has no common name');
    // The handshake checked it, but a connection may live longer.
    if (peer.endsMs !== undefined && clock.now() > peer.endsMs) throw expired();
    if (revocations?.isRevoked(peer)) {
      throw unauthorized(
        'Unauthorized: this node was removed from the cluster; to use the machine again, join it anew with: berth join',
      );
    }
    const groups = [...peer.organizations, authenticatedGroup];
    if (peer.beginsMs === undefined || !peer.commonName.startsWith(nodeUserPrefix)) {
      return { name: peer.commonName, groups };
    }
    return { name: peer.commonName, groups, issuedMs: peer.beginsMs + certificateBackdateMs };
  };

  /** Always as the store has it now: a token that was revoked is refused at once. Many questions at a time cost one. */
  const ofToken = async (text: string, signal: AbortSignal): Promise<UserInfo | undefined> => {
    const token = parseBearer(text);
    if (!token || !secret) return undefined;
    const found = await secret('kube-system', `${bootstrapTokenPrefix}${token.id}`, signal);
    return found && bootstrapUser(found, token, clock.now());
  };

  return {
    authenticate({ peer, headers, signal }) {
      if (peer.kind === 'certificate') return ofCertificate(peer);
      if (peer.kind === 'rejected') throw peer.why === 'CERT_HAS_EXPIRED' ? expired() : unauthorized();
      const { authorization } = headers;
      if (authorization === undefined) return anonymous;
      const [, bearer] = /^bearer\s+(\S+)\s*$/i.exec(authorization) ?? [];
      if (bearer === undefined) {
        throw unauthorized(
          'Unauthorized: this kind of Authorization header is not supported; use a client certificate',
        );
      }
      return ofToken(bearer, signal).then((user) => {
        if (!user) throw unauthorized('Unauthorized: the token is not valid, has ended or was revoked');
        return user;
      });
    },
    token: ofToken,
    isRevoked: (peer) => revocations?.isRevoked(peer) ?? false,
  };
}

const expired = () => unauthorized('Unauthorized: the client certificate has expired');
