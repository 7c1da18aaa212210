import type { KubeObject } from '#api/meta.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import type { CachedObject, RegistryEvent } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type IncludeObject, partialMetadataJson, tableJson } from '../table/table.ts';
import type { Transformation } from './negotiate.ts';

/** Turns one watch event into one line. */
export type LineWriter = (event: RegistryEvent) => Buffer;

type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The lines made last, so that an event is framed once for all who watch it live. */
export interface LineCache {
  get(entry: CachedObject, type: Change): Buffer | undefined;
  set(entry: CachedObject, type: Change, line: Buffer): void;
}

/** Bounded: the oldest line goes first, and a watcher that lags behind makes its own again. */
export function createLineCache(linesMax = 256): LineCache {
  const byType = { ADDED: new Map<CachedObject, Buffer>(), MODIFIED: new Map(), DELETED: new Map() };
  return {
    get: (entry, type) => byType[type].get(entry),
    set(entry, type, made) {
      const cached = byType[type];
      for (const oldest of cached.keys()) {
        if (cached.size < linesMax) break;
        cached.delete(oldest);
      }
      cached.set(entry, made);
    },
  };
}

/** Whole objects: the cache's JSON, framed. */
export function objectLines(definition: ResourceDefinition, cache: LineCache): LineWriter {
  return (event) => {
    if (event.type === 'BOOKMARK') return line('BOOKMARK', JSON.stringify(bookmark(definition, event)));
    const { type, entry } = event;
    const known = cache.get(entry, type);
    if (known) return known;
    const made = lastingLine(type, entry.json);
    cache.set(entry, type, made);
    return made;
  };
}

export function partialMetadataLines(definition: ResourceDefinition, version: Transformation['version']): LineWriter {
  return (event) => {
    const object = event.type === 'BOOKMARK' ? bookmark(definition, event) : event.entry.object;
    return line(event.type, partialMetadataJson(object, version));
  };
}

/** Tables of one row; only the first one carries the columns. */
export function tableLines(
  definition: ResourceDefinition,
  options: { readonly version: Transformation['version']; readonly include: IncludeObject; now(): number },
): LineWriter {
  let withColumns = true;
  return (event) => {
    const isBookmark = event.type === 'BOOKMARK';
    const meta = { resourceVersion: isBookmark ? event.resourceVersion : event.entry.object.metadata.resourceVersion };
    const entries = isBookmark ? [] : [event.entry];
    const json = tableJson(entries, meta, { ...options, definition, nowMs: options.now(), withColumns });
    withColumns = false;
    return line(event.type, json);
  };
}

export const errorLine = (status: object): Buffer => line('ERROR', JSON.stringify(status));

/** With memory of its own: as a part of Node's pool it would hold on to 64 KB for as long as it is kept. */
function lastingLine(type: Change, json: string): Buffer {
  const text = `{"type":"${type}","object":${json}}\n`;
  const made = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  made.write(text);
  return made;
}

const line = (type: string, json: string): Buffer => Buffer.from(`{"type":"${type}","object":${json}}\n`);

function bookmark(
  { type }: ResourceDefinition,
  event: { readonly resourceVersion: string; readonly initialEventsEnd?: boolean },
): KubeObject {
  return {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: {
      resourceVersion: event.resourceVersion,
      ...(event.initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    },
  };
}
