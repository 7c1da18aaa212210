import type { KubeObject } from './meta.ts';

/** How to name and reach one kind of object; the type parameter is its shape in JSON. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, lower case: the name in URLs. */
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Key of the kind's schema in api/generated/schemas.json; absent for kinds made at run time. */
  readonly model?: string;
  /** Never set; it binds T. */
  readonly shape?: T;
}

export interface ResourceTypeOptions {
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced?: boolean;
  readonly model?: string;
}

/** `resource` defaults: namespaced, singular is the lower-case kind, model is `V1<Kind>`. */
export function resourceType<T extends KubeObject>(
  group: string,
  version: string,
  resource: string,
  kind: string,
  options: ResourceTypeOptions = {},
): ResourceType<T> {
  return {
    group,
    version,
    resource,
    kind,
    singular: options.singular ?? kind.toLowerCase(),
    namespaced: options.namespaced ?? true,
    shortNames: options.shortNames ?? [],
    categories: options.categories ?? [],
    model: options.model ?? `${version.toUpperCase()}${kind}`,
  };
}

/** `v1`, `apps/v1`. */
export const apiVersionOf = (type: Pick<ResourceType, 'group' | 'version'>): string =>
  type.group ? `${type.group}/${type.version}` : type.version;
