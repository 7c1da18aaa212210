import { isNotFound } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { qualifiedName } from '../resources/names.ts';
import { type Selected, type SelectFlags, selectObjects } from '../resources/select.ts';
import { waitForDeletion } from '../wait/deletion.ts';
import { type DryRun, dryRunFlag, dryRunSuffix } from '../write-flags.ts';

interface DeleteFlags extends ClientFlags, SelectFlags {
  readonly wait: boolean;
  readonly gracePeriod?: string;
  readonly now?: boolean;
  readonly force?: boolean;
  readonly cascade?: string;
  readonly ignoreNotFound?: boolean;
  readonly timeout?: string;
  readonly dryRun?: DryRun;
  readonly output?: string;
}

export const command: CommandModule = {
  register(program, context) {
    dryRunFlag(clientFlags(program.command('delete')))
      .description('Delete objects, and wait until they are gone.')
      .argument('[what...]', 'TYPE NAME..., TYPE/NAME..., or TYPE with -l or --all')
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('-R, --recursive', 'folders within folders too')
      .option('-l, --selector <selector>', 'objects with these labels')
      .option('--field-selector <selector>', 'objects with these fields')
      .option('--all', 'all objects of the kind in the namespace')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('--no-wait', 'return at once')
      .option('--grace-period <seconds>', 'what a pod gets to end by itself; -1: as it says itself')
      .option('--now', 'a grace period of one second')
      .option('--force', 'with --grace-period=0: forget it at once, whether or not it still runs')
      .option('--cascade <how>', 'background, foreground or orphan: what becomes of what it owns', 'background')
      .option('--ignore-not-found', 'no error when it is not there')
      .option('--timeout <duration>', 'how long to wait, for example 30s; 0 is without end', '0')
      .option('-o, --output <format>', 'name: only the names')
      .addHelpText(
        'after',
        '\nExamples:\n  berth delete pod web-1\n  berth delete -f manifests/hello.yaml\n  berth delete pods -l app=web --now',
      )
      .action((what: string[], flags: DeleteFlags) =>
        withConnection(context, flags, (connection) => deleteAll(context, connection, what, flags)),
      );
  },
};

async function deleteAll(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: DeleteFlags,
): Promise<void> {
  const selected = await selectObjects(context, connection, what, flags);
  const propagationPolicy = propagationOf(flags.cascade);
  const gracePeriodSeconds = gracePeriodOf(flags);
  const deleted: (Selected & { uid: string | undefined })[] = [];
  let failures = 0;
  for (const { type, key } of selected) {
    try {
      const uid = flags.wait ? (await connection.client.get(type, key)).metadata.uid : undefined;
      const options = {
        propagationPolicy,
        gracePeriodSeconds,
        dryRun: flags.dryRun === 'server',
        signal: context.signal,
      };
      if (flags.dryRun !== 'client') await connection.client.delete(type, key, options);
      deleted.push({ type, key, uid });
      const line =
        flags.output === 'name'
          ? `${qualifiedName(type)}/${key.name}`
          : `${qualifiedName(type)} ${JSON.stringify(key.name)} ${flags.force ? 'force ' : ''}deleted`;
      context.stdout.write(`${line}${flags.output === 'name' ? '' : dryRunSuffix(flags.dryRun)}\n`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (flags.ignoreNotFound) continue;
      failures++;
      context.stderr.write(`Error from server (NotFound): ${error.message}\n`);
    }
  }
  if (selected.length === 0) context.stdout.write('No resources found\n');
  if (flags.wait && (flags.dryRun ?? 'none') === 'none')
    await waitForDeletion(context, connection.client, deleted, flags.timeout ?? '0');
  if (failures > 0) throw new CliError('', { exitCode: 1 });
}

function propagationOf(cascade: string | undefined): 'Background' | 'Foreground' | 'Orphan' {
  switch (cascade) {
    case undefined:
    case 'background':
    case 'true':
      return 'Background';
    case 'foreground':
      return 'Foreground';
    case 'orphan':
    case 'false':
      return 'Orphan';
    default:
      throw new CliError(`--cascade must be background, foreground or orphan, but is ${JSON.stringify(cascade)}`, {
        exitCode: 2,
      });
  }
}

function gracePeriodOf(flags: DeleteFlags): number | undefined {
  if (flags.now) return 1;
  const seconds = flags.gracePeriod === undefined ? undefined : Number(flags.gracePeriod);
  if (seconds !== undefined && !Number.isInteger(seconds)) {
    throw new CliError(`--grace-period must be a number of seconds, but is ${JSON.stringify(flags.gracePeriod)}`, {
      exitCode: 2,
    });
  }
  if (seconds === 0 && !flags.force) return 1;
  if (flags.force) return 0;
  return seconds === undefined || seconds < 0 ? undefined : seconds;
}
