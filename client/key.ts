import type { KubeObject, ObjectKey } from '#api/meta.ts';

/** Where a stored object lives. */
export function keyOf(object: KubeObject): ObjectKey {
  const namespace = object.metadata?.namespace;
  const name = object.metadata?.name ?? '';
  return namespace ? { namespace, name } : { name };
}

/** `namespace/name`, or `name` for cluster-scoped objects: neither part may hold a slash. */
export const keyText = (key: ObjectKey): string => (key.namespace ? `${key.namespace}/${key.name}` : key.name);

/** The reverse of `keyText`. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
