import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { ApiClient, WatchOptions } from '#client/api-client.ts';
import type { History } from './history.ts';

/**
 * A client that holds the server to its word: within one watch versions only grow, and what is shown was in the store
 * at that version. It stands below the injected faults, so what it finds is the server's own doing.
 */
export function createLinearClient(client: ApiClient, history: () => History): ApiClient {
  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<Stored<T>>> {
    let last = Number(options.resourceVersion ?? 0);
    for await (const event of client.watch(type, options)) {
      const { uid, resourceVersion, name } = event.object.metadata;
      const version = Number(resourceVersion);
      if (version < last) history().violate(`a watch of ${type.resource} went back from ${last} to ${version}`);
      last = version;
      if (event.type !== 'BOOKMARK' && history().revision >= version && !history().wasAt(uid, resourceVersion)) {
        history().violate(`a watch showed ${type.resource} ${name} at ${version}, which the store never held`);
      }
      yield event;
    }
  }
  return { ...client, watch };
}
