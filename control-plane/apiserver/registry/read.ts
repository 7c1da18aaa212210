import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { notFound, StatusError } from '#api/status-error.ts';
import { isStoreError } from '../../store/errors.ts';
import type { Revision } from '../../store/store.ts';
import { relativeKey } from '../cache/object-index.ts';
import type { Selection } from '../cache/selection.ts';
import { expiredContinue, formatContinueToken, parseContinueToken } from './continue-token.ts';
import { type ListVersion, listVersion, parseVersion, watchVersion } from './list-options.ts';
import type { KindParts } from './parts.ts';
import type {
  CachedObject,
  ListQuery,
  ListResult,
  ReadQuery,
  RegistryEvent,
  RequestContext,
  WatchQuery,
} from './registry.ts';
import { selectionOf } from './selection.ts';
import { prefixOf } from './storage-key.ts';
import { toStatusError } from './store-errors.ts';

/** Entries read from the store at once when the past is listed. */
const pastPageEntries = 500;

export async function getObject<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  { resourceVersion = '' }: ReadQuery,
): Promise<CachedObject<T>> {
  const { cache, definition } = parts;
  const revision = resourceVersion === '' ? undefined : parseVersion(resourceVersion);
  const atLeast: ListVersion =
    revision === undefined ? { kind: 'newest' } : revision === 0 ? { kind: 'any' } : { kind: 'not-older', revision };
  await reach(parts, atLeast, context.signal);
  const entry = cache.get(key);
  if (!entry) throw notFound(definition.type, key.name);
  return entry;
}

export async function listObjects<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  query: ListQuery,
): Promise<ListResult<T>> {
  const version = listVersion(query);
  const selection = selectionOf(parts.definition, query);
  const page: PageRequest<T> = { selection, limit: query.limit || undefined, afterKey: '' };
  if (query.continue) {
    const token = parseContinueToken(query.continue);
    await reach(parts, { kind: 'newest' }, context.signal);
    const next = { ...page, afterKey: token.afterKey };
    return token.revision === undefined ? listCached(parts, next) : listAt(parts, context, next, token.revision);
  }
  await reach(parts, version, context.signal);
  return version.kind === 'exact' ? listAt(parts, context, page, version.revision) : listCached(parts, page);
}

export async function watchObjects<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  query: WatchQuery,
): Promise<AsyncIterable<RegistryEvent<T>>> {
  const { withState, atLeast } = watchVersion(query);
  const selection = selectionOf(parts.definition, query);
  await reach(parts, atLeast, context.signal);
  const bookmarks = query.allowWatchBookmarks ?? false;
  return parts.cache.watch({
    selection,
    afterRevision: withState ? undefined : 'revision' in atLeast ? atLeast.revision : parts.services.gate.revision,
    initialEventsEnd: bookmarks && (query.sendInitialEvents ?? false),
    bookmarks,
    signal: context.signal,
  });
}

/** Waits until the cache is as fresh as the reader wants it. */
async function reach<T extends KubeObject>(
  { services, definition }: KindParts<T>,
  version: ListVersion,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (version.kind === 'newest') await services.current(signal);
    else await services.gate.wait('revision' in version ? version.revision : 1, signal);
  } catch (error) {
    throw toStatusError(error, definition.type, '');
  }
}

interface PageRequest<T extends KubeObject> {
  readonly selection: Selection<T>;
  readonly limit: number | undefined;
  /** Relative to the list's prefix; empty for the first page. */
  readonly afterKey: string;
}

function listCached<T extends KubeObject>(
  { cache, services }: KindParts<T>,
  page: PageRequest<T>,
  revision: Revision = services.gate.revision,
): ListResult<T> {
  const { entries, remaining } = cache.page(page.selection, page.afterKey, page.limit ?? Number.POSITIVE_INFINITY);
  if (remaining > 0) return withContinue(page, entries, revision, remaining);
  return { items: entries, resourceVersion: String(revision) };
}

/** The past: from the cache while nothing of this kind has changed since, else from the store. */
async function listAt<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  page: PageRequest<T>,
  revision: Revision,
): Promise<ListResult<T>> {
  const { cache, services, definition } = parts;
  if (revision >= cache.changedRevision && revision <= services.gate.revision) return listCached(parts, page, revision);
  try {
    return await listPast(parts, context, page, revision);
  } catch (error) {
    if (page.afterKey && isStoreError(error, 'compacted')) throw expiredContinue(page.afterKey);
    throw toStatusError(error, definition.type, '');
  }
}

async function listPast<T extends KubeObject>(
  { services, definition, codec }: KindParts<T>,
  { signal }: RequestContext,
  page: PageRequest<T>,
  revision: Revision,
): Promise<ListResult<T>> {
  const { selection, limit } = page;
  const prefix = prefixOf(definition, selection.namespace);
  const items: CachedObject<T>[] = [];
  let afterKey = page.afterKey ? `${prefix}${page.afterKey}` : undefined;
  for (;;) {
    const pageLimit = limit && !selection.matches ? limit : pastPageEntries;
    const found = await services.store.list(prefix, { afterKey, limit: pageLimit, atRevision: revision, signal });
    for (const [index, { value, revision: written }] of found.entries.entries()) {
      const entry = codec.decode(value, written);
      if (selection.matches && !selection.matches(entry.object)) continue;
      items.push(entry);
      const remaining = found.remaining + found.entries.length - index - 1;
      if (items.length === limit && remaining > 0) return withContinue(page, items, revision, remaining);
    }
    if (!found.more) return { items, resourceVersion: String(revision) };
    afterKey = found.entries.at(-1)?.key;
  }
}

function withContinue<T extends KubeObject>(
  { selection }: PageRequest<T>,
  items: readonly CachedObject<T>[],
  revision: Revision,
  remaining: number,
): ListResult<T> {
  const last = items.at(-1);
  if (!last) throw new StatusError(500, 'InternalError', 'a page without items cannot be continued');
  const token = { revision, afterKey: relativeKey(selection.namespace)(last) };
  return {
    items,
    resourceVersion: String(revision),
    continue: formatContinueToken(token),
    ...(!selection.matches && { remainingItemCount: remaining }),
  };
}
