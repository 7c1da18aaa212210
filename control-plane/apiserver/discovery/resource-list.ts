import { createHash } from 'node:crypto';
import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.ts';
import type { ApiGroup, ApiVersion } from './groups.ts';

/** The older form of discovery: one document per group-version, and lists of groups. Plain JSON values. */
export const groupVersion = (group: string, version: string): string => (group ? `${group}/${version}` : version);

export function apiResourceList(group: ApiGroup, { version, definitions }: ApiVersion): object {
  return {
    kind: 'APIResourceList',
    ...(group.name && { apiVersion: 'v1' }),
    groupVersion: groupVersion(group.name, version),
    resources: definitions.flatMap((definition) => [
      apiResource(definition),
      ...definition.subresources.map((subresource) => apiSubresource(definition, subresource)),
    ]),
  };
}

function apiResource({ type, verbs }: ResourceDefinition): object {
  const { resource, singular, namespaced, kind, shortNames, categories } = type;
  return {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbs.toSorted(),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(verbs.includes('get') && { storageVersionHash: storageVersionHash(type) }),
  };
}

function apiSubresource({ type }: ResourceDefinition, { name, verbs, body }: SubresourceDefinition): object {
  const isForeign = body && (body.group !== type.group || body.version !== type.version);
  return {
    name: `${type.resource}/${name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(isForeign && { group: body.group, version: body.version }),
    kind: body?.kind ?? type.kind,
    verbs: verbs.toSorted(),
  };
}

/** Changes when objects are stored in another form. */
const storageVersionHash = ({ group, version, kind }: ResourceDefinition['type']): string =>
  createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');

export function apiGroup({ name, versions }: ApiGroup): object {
  const entries = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

export const apiGroupList = (groups: readonly ApiGroup[]): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groups.filter(({ name }) => name).map(apiGroup),
});

/** `/api`: the versions of the core group, and where this server is reached. */
export const apiVersions = (serverAddress: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});
