import { parseAccept } from '../http/negotiate.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { ApiGroup } from './groups.ts';

export type AggregatedVersion = 'v2' | 'v2beta1';

/** The form of aggregated discovery that a client asks for before anything else it would take; undefined: the older form. */
export function wantsAggregated(accept: string | undefined): AggregatedVersion | undefined {
  for (const { type, parameters } of parseAccept(accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    if (!parameters.has('as')) return undefined;
    const version = parameters.get('v');
    const isOurs = parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('as') === 'APIGroupDiscoveryList';
    if (isOurs && (version === 'v2' || version === 'v2beta1')) return version;
  }
  return undefined;
}

export const aggregatedContentType = (version: AggregatedVersion): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** Everything about all groups in one document (apidiscovery.k8s.io APIGroupDiscoveryList). */
export function groupDiscoveryList(groups: readonly ApiGroup[], version: AggregatedVersion): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name ? { name, creationTimestamp: null } : { creationTimestamp: null },
      versions: versions.map((one) => ({
        version: one.version,
        resources: one.definitions.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  };
}

function resourceDiscovery({ type, verbs, subresources }: ResourceDefinition): object {
  const { group, version, kind, resource, singular, namespaced, shortNames, categories } = type;
  return {
    resource,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbs.toSorted(),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((subresource) => {
        const { group, version, kind } = subresource.body ?? type;
        return {
          subresource: subresource.name,
          responseKind: { group, version, kind },
          verbs: subresource.verbs.toSorted(),
        };
      }),
    }),
  };
}
