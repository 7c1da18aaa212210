import type { ResourceType } from '#api/resource-type.ts';
import type { ApiClient } from '../api-client.ts';

export interface InterceptedCall {
  readonly verb: keyof ApiClient;
  readonly type: ResourceType;
  /** The name, where the call is about one object that has one already. */
  readonly name: string | undefined;
}

/** A client that asks `before` on every call; what it throws is the call's answer. For faults over any ApiClient. */
export function interceptClient(client: ApiClient, before: (call: InterceptedCall) => void | Promise<void>): ApiClient {
  return {
    async get(type, key, options) {
      await before({ verb: 'get', type, name: key.name });
      return client.get(type, key, options);
    },
    async list(type, options) {
      await before({ verb: 'list', type, name: undefined });
      return client.list(type, options);
    },
    async *watch(type, options) {
      await before({ verb: 'watch', type, name: undefined });
      yield* client.watch(type, options);
    },
    async create(type, object, options) {
      await before({ verb: 'create', type, name: object.metadata?.name });
      return client.create(type, object, options);
    },
    async update(type, object, options) {
      await before({ verb: 'update', type, name: object.metadata?.name });
      return client.update(type, object, options);
    },
    async updateStatus(type, object, options) {
      await before({ verb: 'updateStatus', type, name: object.metadata?.name });
      return client.updateStatus(type, object, options);
    },
    async patch(type, key, patch, options) {
      await before({ verb: 'patch', type, name: key.name });
      return client.patch(type, key, patch, options);
    },
    async delete(type, key, options) {
      await before({ verb: 'delete', type, name: key.name });
      return client.delete(type, key, options);
    },
    async deleteCollection(type, options) {
      await before({ verb: 'deleteCollection', type, name: undefined });
      return client.deleteCollection(type, options);
    },
    async createSubresource(type, key, subresource, body, options) {
      await before({ verb: 'createSubresource', type, name: key.name });
      return client.createSubresource(type, key, subresource, body, options);
    },
    async getSubresource(type, key, subresource, options) {
      await before({ verb: 'getSubresource', type, name: key.name });
      return client.getSubresource(type, key, subresource, options);
    },
    async updateSubresource(type, key, subresource, body, options) {
      await before({ verb: 'updateSubresource', type, name: key.name });
      return client.updateSubresource(type, key, subresource, body, options);
    },
  };
}
