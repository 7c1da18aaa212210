import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { internalError } from '#api/status-error.ts';
import { collectionPath, objectPath, withQuery } from '#client/http/urls.ts';
import type { HttpClient } from '#client/http-client.ts';
import type { TextColumn } from '../printers/table.ts';

/** The server's own rendering of objects (meta.k8s.io/v1 Table): it knows its kinds' columns, we only lay them out. */
export interface ServerTable {
  readonly columns: readonly TextColumn[];
  readonly rows: readonly ServerRow[];
  readonly resourceVersion: string | undefined;
}

export interface ServerRow {
  readonly cells: readonly string[];
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Its metadata, or all of it where the query asked for that. */
  readonly object: unknown;
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableQuery {
  readonly namespace: string | undefined;
  readonly name?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Rows come with their whole objects, for what the columns do not show. */
  readonly withObjects?: boolean | undefined;
  /** Objects per request; 0: all at once. */
  readonly pageSize?: number | undefined;
}

export const defaultPageSize = 500;

/** All pages of a list, or one object. */
export async function fetchTable(
  client: HttpClient,
  type: ResourceType,
  query: TableQuery,
  signal: AbortSignal,
): Promise<ServerTable> {
  const { namespace, name, labelSelector, fieldSelector, pageSize = defaultPageSize } = query;
  const includeObject = query.withObjects ? 'Object' : undefined;
  if (name !== undefined) {
    const path = withQuery(objectPath(type, { namespace, name }), { includeObject });
    return parseTable(await client.json({ method: 'GET', path, accept: tableAccept, signal }));
  }
  let table: ServerTable | undefined;
  let more: string | undefined;
  do {
    const path = withQuery(collectionPath(type, namespace), {
      limit: pageSize > 0 ? pageSize : undefined,
      labelSelector,
      fieldSelector,
      continue: more,
      includeObject,
    });
    const body = await client.json({ method: 'GET', path, accept: tableAccept, signal });
    const page = parseTable(body);
    table = table ? { ...page, columns: table.columns, rows: [...table.rows, ...page.rows] } : page;
    more = continueOf(body);
  } while (more);
  return table;
}

export function parseTable(body: unknown): ServerTable {
  if (!isJsonObject(body) || body.kind !== 'Table') throw internalError('the server did not answer with a table');
  const definitions = Array.isArray(body.columnDefinitions) ? body.columnDefinitions.filter(isJsonObject) : [];
  const rows = Array.isArray(body.rows) ? body.rows.filter(isJsonObject) : [];
  const version = isJsonObject(body.metadata) ? body.metadata.resourceVersion : undefined;
  return {
    columns: definitions.map((column) => ({ name: String(column.name), wide: Number(column.priority ?? 0) > 0 })),
    rows: rows.map(parseRow),
    resourceVersion: typeof version === 'string' ? version : undefined,
  };
}

function parseRow(row: Record<string, unknown>): ServerRow {
  const metadata = isJsonObject(row.object) && isJsonObject(row.object.metadata) ? row.object.metadata : {};
  const labels = isJsonObject(metadata.labels) ? metadata.labels : {};
  return {
    cells: Array.isArray(row.cells) ? row.cells.map((cell: unknown) => (cell === null ? '<none>' : String(cell))) : [],
    name: String(metadata.name ?? ''),
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : undefined,
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])),
    object: row.object,
  };
}

const continueOf = (body: unknown): string | undefined => {
  const token = isJsonObject(body) && isJsonObject(body.metadata) ? body.metadata.continue : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
};
