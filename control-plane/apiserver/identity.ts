import { revokedNodesName } from '#api/certificates.ts';
import { configMaps, secrets } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { createLeavingNode } from './admission/leaving-node.ts';
import { createNodeRestriction } from './admission/node-restriction.ts';
import { createSigningRequester } from './admission/signing-requester.ts';
import { type Authenticator, createAuthenticator } from './auth/authenticate.ts';
import { type Authorizer, createAuthorizer, mastersGroup } from './auth/authorizer.ts';
import { cachedObjects } from './auth/objects.ts';
import { createRevocations } from './auth/revocations.ts';
import type { ApiCore } from './core.ts';
import type { AdmissionHook } from './registry/admission.ts';

/** Who is who and may do what: what a core and its server are made with, resting on the core's own objects. */
export interface Identity {
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly admission: readonly AdmissionHook[];
}

const ourselves = { name: 'system:apiserver', groups: [mastersGroup] };

export interface IdentityOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Asked for once there are requests. */
  core(): ApiCore;
}

export function createIdentity({ clock, log, core }: IdentityOptions): Identity {
  const objects = cachedObjects((type) => core().peek(type));
  return {
    authorizer: createAuthorizer(objects),
    authenticator: createAuthenticator({
      clock,
      async secret(namespace, name, signal) {
        const context = { user: ourselves, signal, warnings: [] };
        try {
          return (await core().registryOf(secrets)?.get(context, { namespace, name }, {}))?.object;
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      },
      revocations: createRevocations(() => core().peek(configMaps)?.get(revokedNodesName)),
    }),
    admission: [
      createSigningRequester(clock),
      createNodeRestriction(objects),
      createLeavingNode(clock, log, () => core().client(ourselves)),
    ],
  };
}
