import type { KubeObject } from '#api/meta.ts';
import { createCodec } from '../cache/codec.ts';
import type { ResourceDefinition, ResourceView } from '../resource-definition.ts';
import type { CachedObject, RegistryEvent, ResourceRegistry } from './registry.ts';

/** The verbs of a kind that is another form of one that is stored: converts there and back, and leaves the rest to it. */
export function createViewRegistry<T extends KubeObject>(
  definition: ResourceDefinition<T>,
  view: ResourceView<T>,
  hub: ResourceRegistry,
): ResourceRegistry<T> {
  const codec = createCodec(definition.type);
  // Keyed by the hub's entry, so that all readers of a view share one entry too.
  const seen = new WeakMap<CachedObject, CachedObject<T>>();

  const show = (entry: CachedObject): CachedObject<T> => {
    const known = seen.get(entry);
    if (known) return known;
    const object = view.fromHub(entry.object);
    const shown = entry.revision > 0 ? codec.encode(object).finish(entry.revision) : codec.preview(object);
    seen.set(entry, shown);
    return shown;
  };

  const toHub = (object: T): KubeObject => {
    definition.strategy.default?.(object);
    return view.toHub(object);
  };

  async function* showEvents(events: AsyncIterable<RegistryEvent>): AsyncGenerator<RegistryEvent<T>> {
    for await (const event of events) {
      yield event.type === 'BOOKMARK' ? event : { type: event.type, entry: show(event.entry) };
    }
  }

  return {
    definition,
    get: async (context, key, query) => show(await hub.get(context, key, query)),
    async list(context, query) {
      const { items, ...rest } = await hub.list(context, query);
      return { ...rest, items: items.map(show) };
    },
    watch: async (context, query) => showEvents(await hub.watch(context, query)),
    async create(context, object, options) {
      const { entry, created } = await hub.create(context, toHub(object), options);
      return { entry: show(entry), created };
    },
    async update(context, key, object, options) {
      const { entry, created } = await hub.update(context, key, toHub(object), options);
      return { entry: show(entry), created };
    },
    async modify(context, key, change, options) {
      const { entry, created } = await hub.modify(
        context,
        key,
        (current) => toHub(change(view.fromHub(current))),
        options,
      );
      return { entry: show(entry), created };
    },
    async delete(context, key, options) {
      const { entry, gone } = await hub.delete(context, key, options);
      return { entry: show(entry), gone };
    },
    deleteCollection: async (context, query, options) =>
      (await hub.deleteCollection(context, query, options)).map(show),
  };
}
