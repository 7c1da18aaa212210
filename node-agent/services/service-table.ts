import type { V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import type { Elements } from '../network/element-text.ts';
import { createClaims } from './claims.ts';
import { elementsOf, type Frontend, frontendsOf, type Places } from './service-elements.ts';
import { modelOf, type ServiceModel } from './service-model.ts';

export interface ServiceObjects {
  readonly service: Stored<V1Service>;
  readonly slices: readonly V1EndpointSlice[];
}

export interface ServiceChange {
  readonly before: Elements;
  /** Undefined when nothing is left of it. */
  readonly elements: Elements | undefined;
}

/** What each service puts into the table, one beside the others: a place that two ask for is the older one's. No effects. */
export interface ServiceTable {
  /** Services by `<namespace>/<name>` as they are now, undefined for those that are gone. Returns what changes, theirs and others'. */
  update(services: ReadonlyMap<string, ServiceObjects | undefined>): Map<string, ServiceChange>;
  models(): IterableIterator<[string, ServiceModel]>;
  /** Why a service is not served; undefined when it is, or needs not be. */
  problem(key: string): string | undefined;
}

interface Entry {
  readonly model: ServiceModel;
  readonly frontends: readonly Frontend[];
  readonly places: Places;
  readonly elements: Elements;
}

const none: Elements = new Map();

export function createServiceTable(nodeName: string): ServiceTable {
  const entries = new Map<string, Entry>();
  const models = new Map<string, ServiceModel>();
  const problems = new Map<string, string>();
  const claims = createClaims();

  const place = (key: string, model: ServiceModel): Entry => {
    const frontends = frontendsOf(model);
    const own = frontends.filter((frontend) => claims.has(key, frontend.place));
    return { model, frontends, ...elementsOf(model, own, entries.get(key)?.places ?? new Map()) };
  };

  return {
    models: () => models.entries(),
    problem: (key) => problems.get(key),
    update(services) {
      const affected = new Set<string>();
      for (const [key, objects] of services) {
        affected.add(key);
        problems.delete(key);
        const result = objects && modelOf(objects.service, objects.slices, nodeName);
        if (result?.kind === 'unsupported') problems.set(key, result.why);
        if (objects && result?.kind === 'served') {
          models.set(key, result.model);
          const rank = objects.service.metadata.creationTimestamp;
          const places = frontendsOf(result.model).map((one) => one.place);
          for (const other of claims.ask(key, rank, places)) affected.add(other);
        } else {
          models.delete(key);
          for (const other of claims.drop(key)) affected.add(other);
        }
      }
      const changes = new Map<string, ServiceChange>();
      for (const key of affected) {
        const before = entries.get(key)?.elements ?? none;
        const model = models.get(key);
        const entry = model && place(key, model);
        if (entry) entries.set(key, entry);
        else entries.delete(key);
        const elements = entry && entry.elements.size > 0 ? entry.elements : undefined;
        if (!isSame(before, elements ?? none)) changes.set(key, { before, elements });
      }
      return changes;
    },
  };
}

function isSame(a: Elements, b: Elements): boolean {
  if (a.size !== b.size) return false;
  for (const [place, value] of a) if (b.get(place) !== value) return false;
  return true;
}
