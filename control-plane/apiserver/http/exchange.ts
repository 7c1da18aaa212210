import type { ObjectKey } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';
import type { RequestContext, ResourceRegistry } from '../registry/registry.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.ts';
import type { ApiRequest } from './message.ts';
import type { ResourceRoute, Target } from './route.ts';

/** What HTTP needs of the server beneath it. */
export interface ServerCore {
  /** Undefined: no such resource, or one that is never stored. */
  registry(group: string, version: string, resource: string): ResourceRegistry | undefined;
  definitions(): readonly ResourceDefinition[];
  ready(): Readiness;
  /** Resolves once the caches hold everything that was written before the call. */
  current?(signal: AbortSignal): Promise<unknown>;
}

export interface Readiness {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message?: string | undefined }[];
}

export interface Services {
  readonly core: ServerCore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly metrics: ServerMetrics;
}

/** One request on its way through the server, with everything that has been found out about it. */
export interface Exchange {
  readonly request: ApiRequest;
  readonly target: Target;
  readonly route: ResourceRoute;
  readonly definition: ResourceDefinition;
  readonly subresource: SubresourceDefinition | undefined;
  /** Aborts when the client goes away, the request takes too long or the server closes. */
  readonly context: RequestContext;
  readonly services: Services;
}

/** The object that the URL names. */
export const keyOf = ({ route }: Exchange): ObjectKey => ({ namespace: route.namespace, name: route.name ?? '' });
