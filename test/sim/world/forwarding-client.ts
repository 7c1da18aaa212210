import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { ApiClient, WatchOptions } from '#client/api-client.ts';

/** A client of whichever server answers at the moment; `current` throws while none does. */
export function forwardingClient(current: () => ApiClient): ApiClient {
  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<Stored<T>>> {
    yield* current().watch(type, options);
  }
  return {
    watch,
    get: async (type, key, o) => current().get(type, key, o),
    list: async (type, o) => current().list(type, o),
    create: async (type, object, o) => current().create(type, object, o),
    update: async (type, object, o) => current().update(type, object, o),
    updateStatus: async (type, object, o) => current().updateStatus(type, object, o),
    patch: async (type, key, patch, o) => current().patch(type, key, patch, o),
    delete: async (type, key, o) => current().delete(type, key, o),
    deleteCollection: async (type, o) => current().deleteCollection(type, o),
    createSubresource: async (type, key, name, body, o) => current().createSubresource(type, key, name, body, o),
    getSubresource: async (type, key, name, o) => current().getSubresource(type, key, name, o),
    updateSubresource: async (type, key, name, body, o) => current().updateSubresource(type, key, name, body, o),
  };
}
