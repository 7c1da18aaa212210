import type { KubeObject } from '#api/meta.ts';
import { createObject } from './create-object.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import type { KindParts } from './parts.ts';
import { getObject, listObjects, watchObjects } from './read.ts';
import type { ResourceRegistry } from './registry.ts';
import { modifyObject, updateObject } from './update-object.ts';

/** The verbs of a kind that is stored as itself. */
export function createRegistry<T extends KubeObject>(parts: KindParts<T>): ResourceRegistry<T> {
  return {
    definition: parts.definition,
    get: (context, key, query) => getObject(parts, context, key, query),
    list: (context, query) => listObjects(parts, context, query),
    watch: (context, query) => watchObjects(parts, context, query),
    async create(context, object, options) {
      return { entry: await createObject(parts, context, object, options.namespace, options), created: true };
    },
    update: (context, key, object, options) => updateObject(parts, context, key, object, options),
    modify: (context, key, change, options) => modifyObject(parts, context, key, change, options),
    delete: (context, key, options) => deleteObject(parts, context, key, options),
    deleteCollection: (context, query, options) => deleteObjects(parts, context, query, options),
  };
}
