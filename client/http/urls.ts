import type { ObjectKey } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';

type QueryValue = string | number | boolean | undefined;

/** `/api/v1/namespaces/x/pods`, `/apis/apps/v1/deployments`. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group ? `/apis/${type.group}/${type.version}` : `/api/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.resource}`;
}

export function objectPath(type: ResourceType, key: ObjectKey, subresource?: string): string {
  const path = `${collectionPath(type, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

export function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  const given = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return given.length > 0 ? `${path}?${given.join('&')}` : path;
}
