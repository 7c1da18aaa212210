import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { isNotFound } from '#api/status-error.ts';
import { collectionPath, objectPath, withQuery } from '#client/http/urls.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { evaluatePath, formatValue } from '../printers/jsonpath/evaluate.ts';
import { parsePath } from '../printers/jsonpath/parse.ts';
import { type OutputFormat, writeValue } from '../printers/output.ts';
import { formatTable } from '../printers/table.ts';
import { qualifiedName } from '../resources/names.ts';
import type { Target } from '../resources/targets.ts';
import type { GetFlags } from './flags.ts';
import { scopeOf } from './scope.ts';
import { sortByPath } from './sort.ts';

/** Everything but the server's own tables: json, yaml, names, jsonpath and custom columns. */
export async function printObjects(
  context: CliContext,
  connection: Connection,
  targets: readonly Target[],
  flags: GetFlags,
  format: OutputFormat,
): Promise<void> {
  const objects: KubeObject[] = [];
  let missing = 0;
  for (const { type, name } of targets) {
    const namespace = scopeOf(type, connection, flags);
    if (name !== undefined) {
      const found = await readOne(context, connection, type, { namespace, name }, flags);
      if (found) objects.push(found);
      else if (!flags.ignoreNotFound) missing++;
    } else objects.push(...(await readAll(connection, type, namespace, flags)));
  }
  const sorted = flags.sortBy ? sortByPath(objects, flags.sortBy, (object) => object) : objects;
  const single = targets.length === 1 && targets[0]?.name !== undefined;
  if (sorted.length > 0 || missing + (single ? 1 : 0) === 0) write(context, targets, sorted, single, flags, format);
  if (missing > 0) throw new CliError('');
}

function write(
  context: CliContext,
  targets: readonly Target[],
  sorted: readonly KubeObject[],
  single: boolean,
  flags: GetFlags,
  format: OutputFormat,
): void {
  const types = new Map(targets.map(({ type }) => [type.kind, type]));
  switch (format.kind) {
    case 'name':
      for (const object of sorted) context.stdout.write(`${nameOf(object, types)}\n`);
      return;
    case 'columns':
      context.stdout.write(customColumns(sorted, format.columns, flags.headers));
      return;
    default:
      writeValue(context, format, single ? sorted[0] : listOf(sorted));
  }
}

const listOf = (items: readonly KubeObject[]) => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: { resourceVersion: '' },
  items,
});

/** What is not there is told of; the rest is shown all the same. */
async function readOne(
  context: CliContext,
  connection: Connection,
  type: ResourceType,
  key: { namespace: string | undefined; name: string },
  flags: GetFlags,
): Promise<KubeObject | undefined> {
  const value = await connection.client.json({ method: 'GET', path: objectPath(type, key) }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    if (!flags.ignoreNotFound) context.stderr.write(`Error from server (NotFound): ${error.message}\n`);
    return undefined;
  });
  return isJsonObject(value) ? value : undefined;
}

async function readAll(
  connection: Connection,
  type: ResourceType,
  namespace: string | undefined,
  flags: GetFlags,
): Promise<KubeObject[]> {
  const list = await connection.client.json({
    method: 'GET',
    path: withQuery(collectionPath(type, namespace), {
      labelSelector: flags.selector,
      fieldSelector: flags.fieldSelector,
    }),
  });
  const items = isJsonObject(list) && Array.isArray(list.items) ? list.items.filter(isJsonObject) : [];
  const apiVersion = type.group ? `${type.group}/${type.version}` : type.version;
  return items.map((item) => ({ apiVersion, kind: type.kind, ...item }));
}

const nameOf = (object: KubeObject, types: ReadonlyMap<string, ResourceType>): string => {
  const type = types.get(object.kind ?? '');
  return `${type ? qualifiedName(type) : (object.kind ?? '').toLowerCase()}/${object.metadata?.name ?? ''}`;
};

export function customColumns(
  objects: readonly KubeObject[],
  columns: readonly { name: string; path: string }[],
  headers: boolean,
): string {
  const rows = objects.map((object) =>
    columns.map(({ path }) => {
      const found = evaluatePath(parsePath(path.replace(/^\{|\}$/g, '')), object);
      return found.length === 0 ? '<none>' : found.map(formatValue).join(',');
    }),
  );
  return formatTable(
    columns.map(({ name }) => ({ name, wide: false })),
    rows,
    { wide: true, headers },
  );
}
