import { clusterConfigName } from '#api/cluster-config.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { Attributes } from './attributes.ts';
import type { Decision } from './decision.ts';
import { ownSigningRequest } from './node-rules.ts';
import type { AuthorizerObjects } from './objects.ts';

/** What a machine that joins may do with its token: ask for a node's certificate, and read what machines agree on. */
export function authorizeBootstrapper(user: UserInfo, asked: Attributes, objects: AuthorizerObjects): Decision {
  const no = { allowed: false, reason: 'a join token is only good for joining' };
  if (asked.kind === 'path' || asked.subresource) return no;
  const { group, resource, namespace, name, verb } = asked;
  if (group === 'certificates.k8s.io' && resource === 'certificatesigningrequests') {
    return ownSigningRequest(user, asked, objects);
  }
  const isConfig = resource === 'configmaps' && namespace === clusterConfigName.namespace;
  return group === '' && isConfig && name === clusterConfigName.name && verb === 'get'
    ? { allowed: true, reason: '' }
    : no;
}
