import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { badRequest } from '#api/status-error.ts';
import type { ListOptions } from '../api-client.ts';

/** Namespace and equality selectors (`a=b,c!=d`) only. */
export function matcher(
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>,
): (object: KubeObject) => boolean {
  const labels = parse(options.labelSelector ?? '');
  const fields = parse(options.fieldSelector ?? '');
  return (object) =>
    (!options.namespace || object.metadata?.namespace === options.namespace) &&
    labels.every(({ name, equal, value }) => (object.metadata?.labels?.[name] === value) === equal) &&
    fields.every(({ name, equal, value }) => (fieldOf(object, name) === value) === equal);
}

function parse(text: string): { name: string; equal: boolean; value: string }[] {
  return text
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const match = /^([^=!]+)(==?|!=)([^=!]*)$/.exec(part);
      if (!match?.[1]) throw badRequest(`the memory client of the tests does not know the selector ${part}`);
      return { name: match[1], equal: match[2] !== '!=', value: match[3] ?? '' };
    });
}

function fieldOf(object: unknown, path: string): string {
  const value = path.split('.').reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), object);
  return value === undefined ? '' : String(value);
}
