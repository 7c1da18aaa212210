import { bootstrappersGroup, nodeNameOf } from '#api/certificates.ts';
import { StatusError } from '#api/status-error.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { Attributes } from './attributes.ts';
import { authorizeBootstrapper } from './bootstrapper-rules.ts';
import type { Decision } from './decision.ts';
import { authorizeNode } from './node-rules.ts';
import { type AuthorizerObjects, noObjects } from './objects.ts';

/** Says who may do what. Synchronous: it decides from what it holds in memory. */
export interface Authorizer {
  authorize(user: UserInfo, attributes: Attributes): Decision;
}

export const mastersGroup = 'system:masters';
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';

/**
 * Group system:masters may do everything. Everyone may see health and version; whoever is authenticated may read discovery and
 * ask about itself, as Kubernetes' default roles system:discovery and system:basic-user allow. Nodes may do what concerns
 * themselves and the pods bound to them, joining machines may ask for a certificate. Nothing else yet: RBAC comes later.
 */
export function createAuthorizer(objects: AuthorizerObjects = noObjects): Authorizer {
  return {
    authorize(user, attributes) {
      if (user.groups.includes(mastersGroup)) return { allowed: true, reason: 'member of group system:masters' };
      if (attributes.kind === 'path')
        return { allowed: mayReadPath(user, attributes.verb, attributes.path), reason: '' };
      const asksAboutItself =
        user.groups.includes(authenticatedGroup) &&
        attributes.verb === 'create' &&
        selfReviews.has(`${attributes.group}/${attributes.resource}`);
      if (asksAboutItself) return { allowed: true, reason: '' };
      const nodeName = nodeNameOf(user);
      if (nodeName !== undefined) return authorizeNode({ user, nodeName }, attributes, objects);
      if (user.groups.includes(bootstrappersGroup)) return authorizeBootstrapper(user, attributes, objects);
      return { allowed: false, reason: '' };
    },
  };
}

const selfReviews = new Set([
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authentication.k8s.io/selfsubjectreviews',
]);

const publicPath = /^\/(healthz|livez|readyz)(\/|$)|^\/version\/?$/;
const discoveryPath = /^\/(api|apis|openapi)(\/|$)/;

function mayReadPath(user: UserInfo, verb: string, path: string): boolean {
  if (verb !== 'get' && verb !== 'head') return false;
  return publicPath.test(path) || (discoveryPath.test(path) && user.groups.includes(authenticatedGroup));
}

/** Kubernetes' words for a refusal. */
export function forbiddenError(user: UserInfo, attributes: Attributes, reason = ''): StatusError {
  const who = `User ${JSON.stringify(user.name)} cannot`;
  const because = reason && `: ${reason}`;
  if (attributes.kind === 'path') {
    const message = `forbidden: ${who} ${attributes.verb} path ${JSON.stringify(attributes.path)}${because}`;
    return new StatusError(403, 'Forbidden', message, {});
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const scope = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const why = `${who} ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${scope}`;
  const of = group ? `${resource}.${group}` : resource;
  const message = `${of}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: ${why}${because}`;
  return new StatusError(403, 'Forbidden', message, { ...(name && { name }), ...(group && { group }), kind: resource });
}
