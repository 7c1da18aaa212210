import { nodesGroup, nodeUser } from '#api/certificates.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import type { Authorizer } from '#control-plane/apiserver/auth/authorizer.ts';
import type { ApiCore, ApiCoreOptions } from '#control-plane/apiserver/core.ts';
import { createIdentity } from '#control-plane/apiserver/identity.ts';
import type { UserInfo } from '#control-plane/apiserver/registry/registry.ts';

/** The rules of a real server, and a record of what they refused: an agent that asks for more than it may is a mistake. */
export interface WatchedIdentity {
  /** For the core. */
  readonly rules: Pick<ApiCoreOptions, 'authorizer' | 'admission'>;
  node(name: string): UserInfo;
  /** Throws when something was refused. */
  check(): void;
}

export function watchedIdentity(clock: Clock, core: () => ApiCore): WatchedIdentity {
  const { authorizer, admission } = createIdentity({ clock, log: createSilentLog(), core });
  const refused = new Set<string>();
  const watched: Authorizer = {
    authorize(user, attributes) {
      const decision = authorizer.authorize(user, attributes);
      // What is not seen yet is looked up again, and what does not exist is no trespass.
      if (!decision.allowed && !decision.unseen)
        refused.add(`${user.name}: ${JSON.stringify(attributes)}: ${decision.reason}`);
      return decision;
    },
  };
  const watchedHooks = admission.map((hook) => ({
    ...hook,
    admit: (request: Parameters<typeof hook.admit>[0]) =>
      hook.admit(request).catch((error: unknown) => {
        refused.add(`${request.context.user.name}: ${error}`);
        throw error;
      }),
  }));
  return {
    rules: { authorizer: watched, admission: watchedHooks },
    node: (name) => ({ name: nodeUser(name), groups: [nodesGroup, 'system:authenticated'] }),
    check() {
      if (refused.size > 0) throw new Error(`refused:\n${[...refused].join('\n')}`);
    },
  };
}
