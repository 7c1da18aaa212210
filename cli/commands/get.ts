import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import { clientFlags } from '../client-flags.ts';
import { collect, collectCommas } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import type { GetFlags } from '../get/flags.ts';
import { layoutRows } from '../get/layout.ts';
import { printObjects } from '../get/objects.ts';
import { scopeOf } from '../get/scope.ts';
import { sortByPath } from '../get/sort.ts';
import { defaultPageSize, fetchTable, type ServerTable } from '../get/table.ts';
import { watchTables } from '../get/watch.ts';
import { readManifests } from '../manifests/read.ts';
import { parseOutput } from '../printers/output.ts';
import { formatTable } from '../printers/table.ts';
import { qualifiedName } from '../resources/names.ts';
import { parseTargets, type Target } from '../resources/targets.ts';
import { whole } from '../whole.ts';

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('get'))
      .description('List objects, or show some of them.')
      .argument('[what...]', 'TYPE, TYPE NAME..., TYPE/NAME..., TYPE,TYPE or all')
      .option('-o, --output <format>', 'json, yaml, name, wide, jsonpath=…, custom-columns=…')
      .option('-l, --selector <selector>', 'only objects with these labels: app=web,tier!=test')
      .option('--field-selector <selector>', 'only objects with these fields: status.phase=Running')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('-w, --watch', 'go on and show changes as they happen')
      .option('--watch-only', 'show changes only')
      .option('--no-headers', 'without the line of headings')
      .option('--show-labels', 'with a column of all labels')
      .option('-L, --label-columns <labels>', 'with a column for each of these labels', collectCommas)
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('-R, --recursive', 'folders within folders too')
      .option('--ignore-not-found', 'no error when an object is not there')
      .option('--sort-by <jsonpath>', 'in the order of this field: .metadata.creationTimestamp')
      .option('--show-kind', 'with the kind before each name')
      .option('--chunk-size <count>', 'objects per request; 0: all at once', String(defaultPageSize))
      .option('--raw <path>', 'print the answer of the server to this path as it is')
      .addHelpText(
        'after',
        '\nExamples:\n  berth get pods -A -o wide\n  berth get deploy/web -o yaml\n  berth get pods -l app=web -w\n  berth get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName',
      )
      .action((what: string[], flags: GetFlags) =>
        withConnection(context, flags, (connection) => get(context, connection, what, flags)),
      );
  },
};

async function get(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: GetFlags,
): Promise<void> {
  if (flags.raw !== undefined) return printRaw(context, connection, flags.raw);
  const format = parseOutput(flags.output);
  whole('--chunk-size', flags.chunkSize, 0);
  const targets = flags.filename
    ? await targetsOfFiles(context, connection, flags.filename, flags.recursive)
    : await parseTargets(what, connection.mapper);
  if (flags.watch || flags.watchOnly) return watchTables(context, connection, targets, flags, format);
  if (format.kind === 'table') return printTables(context, connection, targets, flags, format.wide);
  await printObjects(context, connection, targets, flags, format);
}

async function printRaw({ stdout, signal }: CliContext, { client }: Connection, path: string): Promise<void> {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const response = await client.transport.request({ method: 'GET', path: absolute, accept: '*/*', signal });
  stdout.write(await response.body.text());
}

async function targetsOfFiles(
  context: CliContext,
  connection: Connection,
  files: readonly string[],
  recursive: boolean | undefined,
): Promise<Target[]> {
  const objects = await readManifests(files, context, { recursive });
  return Promise.all(
    objects.map(async ({ object }) => ({
      type: await connection.mapper.forObject(object),
      name: object.metadata?.name ?? '',
    })),
  );
}

/** Consecutive names of one kind share a table; every kind has its own. */
async function printTables(
  context: CliContext,
  connection: Connection,
  targets: readonly Target[],
  flags: GetFlags,
  wide: boolean,
): Promise<void> {
  const groups = groupByType(targets);
  let printed = 0;
  let failed = false;
  for (const { type, names } of groups) {
    const table = await tableOf(connection, type, names, flags, context, () => {
      failed = true;
    });
    if (table.rows.length === 0) continue;
    const sorted = flags.sortBy ? sortByPath(table.rows, flags.sortBy, ({ object }) => object) : table.rows;
    const { columns, rows } = layoutRows(table.columns, sorted, {
      withNamespace: flags.allNamespaces === true && type.namespaced,
      namePrefix: groups.length > 1 || flags.showKind ? `${qualifiedName(type)}/` : '',
      showLabels: flags.showLabels ?? false,
      labelColumns: flags.labelColumns ?? [],
    });
    if (printed > 0) context.stdout.write('\n');
    context.stdout.write(formatTable(columns, rows, { wide, headers: flags.headers }));
    printed += rows.length;
  }
  if (failed) throw new CliError('', { exitCode: 1 });
  if (printed === 0 && !flags.ignoreNotFound) {
    const everywhere = flags.allNamespaces || groups.every(({ type }) => !type.namespaced);
    context.stderr.write(
      everywhere ? 'No resources found\n' : `No resources found in ${connection.namespace} namespace.\n`,
    );
  }
}

function groupByType(targets: readonly Target[]): { type: ResourceType; names: (string | undefined)[] }[] {
  const groups: { type: ResourceType; names: (string | undefined)[] }[] = [];
  for (const { type, name } of targets) {
    const group = groups.find((one) => one.type === type);
    if (group) group.names.push(name);
    else groups.push({ type, names: [name] });
  }
  return groups;
}

/** What is not there is reported one by one; the rest is shown all the same. */
async function tableOf(
  connection: Connection,
  type: ResourceType,
  names: readonly (string | undefined)[],
  flags: GetFlags,
  context: CliContext,
  onMissing: () => void,
): Promise<ServerTable> {
  const namespace = scopeOf(type, connection, flags);
  let whole: ServerTable = { columns: [], rows: [], resourceVersion: undefined };
  for (const name of names) {
    try {
      const table = await fetchTable(
        connection.client,
        type,
        {
          namespace,
          name,
          labelSelector: flags.selector,
          fieldSelector: flags.fieldSelector,
          withObjects: flags.sortBy !== undefined,
          pageSize: Number(flags.chunkSize),
        },
        context.signal,
      );
      whole = { ...table, rows: [...whole.rows, ...table.rows] };
    } catch (error) {
      if (!isNotFound(error) || name === undefined) throw error;
      if (flags.ignoreNotFound) continue;
      context.stderr.write(`Error from server (NotFound): ${error.message}\n`);
      onMissing();
    }
  }
  return whole;
}
