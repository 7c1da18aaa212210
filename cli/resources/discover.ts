import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import type { HttpClient } from '#client/http-client.ts';

/** Every resource the server has, subresources left out, in the server's own order. */
export async function discoverTypes(client: HttpClient): Promise<ResourceType[]> {
  const groups = await client.json({ method: 'GET', path: '/apis' });
  const versions = isJsonObject(groups) && Array.isArray(groups.groups) ? groups.groups.flatMap(preferredVersion) : [];
  const lists = await Promise.all(
    ['v1', ...versions].map((groupVersion) =>
      client.json({
        method: 'GET',
        path: groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`,
      }),
    ),
  );
  return lists.flatMap(typesOf);
}

function preferredVersion(group: unknown): string[] {
  if (!isJsonObject(group) || !isJsonObject(group.preferredVersion)) return [];
  const { groupVersion } = group.preferredVersion;
  return typeof groupVersion === 'string' ? [groupVersion] : [];
}

function typesOf(list: unknown): ResourceType[] {
  if (!isJsonObject(list) || !Array.isArray(list.resources) || typeof list.groupVersion !== 'string') return [];
  const [version = '', group = ''] = list.groupVersion.split('/').reverse();
  return list.resources.filter(isJsonObject).flatMap((entry) => {
    const { name, kind, singularName, namespaced } = entry;
    if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return [];
    return [
      {
        group,
        version,
        resource: name,
        kind,
        singular: typeof singularName === 'string' && singularName ? singularName : kind.toLowerCase(),
        namespaced: namespaced === true,
        shortNames: textList(entry.shortNames),
        categories: textList(entry.categories),
      },
    ];
  });
}

const textList = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
