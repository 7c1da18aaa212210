import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, clientFlags, withConnection } from '../connection.ts';
import type { GetFlags } from '../get/flags.ts';
import { layoutRows } from '../get/layout.ts';
import { printObjects } from '../get/objects.ts';
import { scopeOf } from '../get/scope.ts';
import { fetchTable, type ServerTable } from '../get/table.ts';
import { watchTables } from '../get/watch.ts';
import { readManifests } from '../manifests/read.ts';
import { parseOutput } from '../printers/output.ts';
import { formatTable } from '../printers/table.ts';
import { qualifiedName } from '../resources/names.ts';
import { parseTargets, type Target } from '../resources/targets.ts';

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
      .option('-L, --label-columns <labels>', 'with a column for each of these labels', commaList)
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('--ignore-not-found', 'no error when an object is not there')
      .option('--sort-by <jsonpath>', 'in the order of this field')
      .addHelpText(
        'after',
        '\nExamples:\n  berth get pods -A -o wide\n  berth get deploy/web -o yaml\n  berth get pods -l app=web -w\n  berth get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName',
      )
      .action((what: string[], flags: GetFlags) =>
        withConnection(context, flags, (connection) => get(context, connection, what, flags)),
      );
  },
};

const collect = (value: string, before: string[] = []): string[] => [...before, value];
const commaList = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')];

async function get(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: GetFlags,
): Promise<void> {
  const format = parseOutput(flags.output);
  const targets = flags.filename
    ? await targetsOfFiles(context, connection, flags.filename)
    : await parseTargets(what, connection.mapper);
  if (flags.watch || flags.watchOnly) return watchTables(context, connection, targets, flags, format);
  if (format.kind === 'table' && !flags.sortBy) return printTables(context, connection, targets, flags, format.wide);
  await printObjects(context, connection, targets, flags, format);
}

async function targetsOfFiles(
  context: CliContext,
  connection: Connection,
  files: readonly string[],
): Promise<Target[]> {
  const objects = await readManifests(files, context);
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
    const { columns, rows } = layoutRows(table.columns, table.rows, {
      withNamespace: flags.allNamespaces === true && type.namespaced,
      namePrefix: groups.length > 1 ? `${qualifiedName(type)}/` : '',
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
        { namespace, name, labelSelector: flags.selector, fieldSelector: flags.fieldSelector },
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
