import type { ResourceType } from '../resource-type.ts';
import { schemaOf } from '../schema/schemas.ts';

/** What the documents need to know of a resource; a ResourceDefinition of the server is one. */
export interface OpenApiResource {
  readonly type: ResourceType;
  /** `create`, `get`, `list`, `watch`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verbs: readonly string[];
  readonly subresources: readonly OpenApiSubresource[];
  /** For kinds without a model: their own OpenAPI v3 schema. */
  readonly schema?: object | undefined;
}

export interface OpenApiSubresource {
  readonly name: string;
  readonly style: 'status' | 'scale' | 'action' | 'connect' | 'object';
  readonly verbs: readonly string[];
  readonly body?:
    | { readonly group: string; readonly version: string; readonly kind: string; readonly model?: string }
    | undefined;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Gives the bodies of subresources their models, which are mostly named after version and kind. */
export function namedBodies(resource: OpenApiResource): OpenApiResource {
  const subresources = resource.subresources.map((sub) => {
    if (!sub.body || sub.body.model !== undefined) return sub;
    const { group, version, kind } = sub.body;
    const guesses = [`${version.toUpperCase()}${kind}`, `${groupPart(group)}${version.toUpperCase()}${kind}`];
    const model = guesses.find((guess) => schemaOf(guess) !== undefined);
    return model === undefined ? sub : { ...sub, body: { ...sub.body, model } };
  });
  return { ...resource, subresources };
}

const groupPart = (group: string): string => {
  const first = group.split('.')[0] ?? '';
  return first.charAt(0).toUpperCase() + first.slice(1);
};
