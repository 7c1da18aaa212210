import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { readLines } from '#client/http/lines.ts';
import { networkError } from '#client/http/transport.ts';
import { collectionPath, withQuery } from '#client/http/urls.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { type OutputFormat, writeValue } from '../printers/output.ts';
import { formatTable } from '../printers/table.ts';
import { qualifiedName } from '../resources/names.ts';
import type { Target } from '../resources/targets.ts';
import type { GetFlags } from './flags.ts';
import { layoutRows } from './layout.ts';
import { customColumns } from './objects.ts';
import { fetchTable, parseTable, tableAccept } from './table.ts';

/** The present state, then each change as it happens, until the user ends it. One kind at a time, as kubectl. */
export async function watchTables(
  context: CliContext,
  connection: Connection,
  targets: readonly Target[],
  flags: GetFlags,
  format: OutputFormat,
): Promise<void> {
  const [target] = targets;
  if (!target || targets.some(({ type }) => type !== target.type) || targets.length > 1) {
    throw new CliError('you may only specify a single resource type, or one object, with --watch', { exitCode: 2 });
  }
  const { type, name } = target;
  const namespace = type.namespaced && !flags.allNamespaces ? connection.namespace : undefined;
  const fieldSelector = [flags.fieldSelector, name && `metadata.name=${name}`].filter(Boolean).join(',') || undefined;
  const query = { namespace, labelSelector: flags.selector, fieldSelector };
  const first = await fetchTable(connection.client, type, query, context.signal);
  const print = createRowPrinter(context, flags, type, format);
  const printObject = createObjectPrinter(context, flags, type, format);
  if (!flags.watchOnly) print(first.columns, first.rows);
  // Without a version a watch begins with what is there: objects, where the table above was none.
  let version = format.kind === 'table' || flags.watchOnly ? first.resourceVersion : undefined;
  while (!context.signal.aborted) {
    const path = withQuery(collectionPath(type, namespace), {
      watch: true,
      resourceVersion: version,
      labelSelector: query.labelSelector,
      fieldSelector,
      allowWatchBookmarks: true,
    });
    const accept = format.kind === 'table' ? tableAccept : 'application/json';
    const response = await connection.client.transport.request({
      method: 'GET',
      path,
      accept,
      stream: true,
      signal: context.signal,
    });
    for await (const line of readLines(wordedErrors(response.body, connection, context.signal), {
      unfinished: 'drop',
    })) {
      const event: unknown = JSON.parse(line);
      if (!isJsonObject(event) || !isJsonObject(event.object)) continue;
      if (event.type === 'ERROR') throw new CliError(String(event.object.message ?? 'the watch ended with an error'));
      version = versionOf(event.object) ?? version;
      if (event.type === 'BOOKMARK') continue;
      if (format.kind === 'table') {
        const table = parseTable(event.object);
        print(table.columns.length > 0 ? table.columns : first.columns, table.rows);
      } else printObject(event.object);
    }
  }
}

/** One object after the other; headings once. */
function createObjectPrinter(context: CliContext, flags: GetFlags, type: ResourceType, format: OutputFormat) {
  let headers = flags.headers;
  return (object: Record<string, unknown>): void => {
    if (format.kind === 'name') {
      const name = isJsonObject(object.metadata) ? object.metadata.name : undefined;
      context.stdout.write(`${qualifiedName(type)}/${name}\n`);
    } else if (format.kind === 'columns') {
      context.stdout.write(customColumns([object], format.columns, headers));
      headers = false;
    } else writeValue(context, format, object);
  };
}

/** A connection that breaks is told of in words. */
async function* wordedErrors(
  body: AsyncIterable<Buffer>,
  { client }: Connection,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw networkError(error, client.access.server, signal);
  }
}

/** Headings once; columns keep at least the width they had. */
function createRowPrinter(context: CliContext, flags: GetFlags, type: ResourceType, format: OutputFormat) {
  let headers = flags.headers;
  let widths: number[] = [];
  return (columns: Parameters<typeof layoutRows>[0], rows: Parameters<typeof layoutRows>[1]): void => {
    if (format.kind !== 'table' || rows.length === 0) return;
    const laidOut = layoutRows(columns, rows, {
      withNamespace: flags.allNamespaces === true && type.namespaced,
      namePrefix: '',
      showLabels: flags.showLabels ?? false,
      labelColumns: flags.labelColumns ?? [],
    });
    widths = laidOut.columns.map((column, at) =>
      Math.max(widths[at] ?? column.name.length, ...laidOut.rows.map((row) => row[at]?.length ?? 0)),
    );
    const padded = laidOut.rows.map((row) =>
      row.map((cell, at) => cell.padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0))),
    );
    context.stdout.write(formatTable(laidOut.columns, padded, { wide: format.wide, headers }));
    headers = false;
  };
}

function versionOf(object: Record<string, unknown>): string | undefined {
  const version = isJsonObject(object.metadata) ? object.metadata.resourceVersion : undefined;
  if (typeof version === 'string' && version !== '') return version;
  const row: unknown = Array.isArray(object.rows) ? object.rows[0] : undefined;
  return isJsonObject(row) && isJsonObject(row.object) ? versionOf(row.object) : undefined;
}
