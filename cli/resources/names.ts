import type { ResourceType } from '#api/resource-type.ts';

/** `pod`, `deployment.apps`: how an object's kind is named before its name. */
export const qualifiedName = (type: ResourceType): string =>
  type.group ? `${type.singular}.${type.group}` : type.singular;
