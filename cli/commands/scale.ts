import { isJsonObject } from '#api/schema/record.ts';
import { isConflict } from '#api/status-error.ts';
import type { ApiClient } from '#client/api-client.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { qualifiedName } from '../resources/names.ts';
import { type Selected, type SelectFlags, selectObjects } from '../resources/select.ts';
import { type DryRun, dryRunFlag, dryRunSuffix } from '../write-flags.ts';

/** Writes that may come in between. */
const attemptsMax = 30;

interface ScaleFlags extends ClientFlags, SelectFlags {
  readonly replicas: string;
  readonly currentReplicas?: string;
  readonly dryRun?: DryRun;
}

export const command: CommandModule = {
  register(program, context) {
    dryRunFlag(clientFlags(program.command('scale')))
      .description('Set how many replicas there should be.')
      .argument('[what...]', 'TYPE NAME... or TYPE/NAME...')
      .requiredOption('--replicas <count>', 'the new number')
      .option('--current-replicas <count>', 'only when there are this many now')
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('-l, --selector <selector>', 'objects with these labels')
      .option('--all', 'all objects of the kind in the namespace')
      .addHelpText(
        'after',
        '\nExamples:\n  berth scale deploy/web --replicas=5\n  berth scale --current-replicas=2 --replicas=3 deployment/web',
      )
      .action((what: string[], flags: ScaleFlags) =>
        withConnection(context, flags, (connection) => scale(context, connection, what, flags)),
      );
  },
};

async function scale(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: ScaleFlags,
): Promise<void> {
  const replicas = count('--replicas', flags.replicas);
  const expected = flags.currentReplicas === undefined ? undefined : count('--current-replicas', flags.currentReplicas);
  for (const { type, key } of await selectObjects(context, connection, what, flags)) {
    await scaleOne(context, connection.client, { type, key }, replicas, expected, flags.dryRun);
    context.stdout.write(`${qualifiedName(type)}/${key.name} scaled${dryRunSuffix(flags.dryRun)}\n`);
  }
}

/** Reads and writes again when others wrote in between: with `expected`, there must be so many at the moment of the write. */
async function scaleOne(
  { signal }: CliContext,
  client: ApiClient,
  { type, key }: Pick<Selected, 'type' | 'key'>,
  replicas: number,
  expected: number | undefined,
  dryRun: DryRun | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const current = await client.getSubresource(type, key, 'scale', { signal });
    const found = replicasOf(current);
    if (expected !== undefined && found !== expected) {
      throw new CliError(`Expected replicas to be ${expected}, was ${found}`);
    }
    if (dryRun === 'client') return;
    // Without the version: a status that changes meanwhile is no reason to fail.
    const { resourceVersion, ...metadata } = current.metadata ?? {};
    const kept = expected === undefined ? metadata : { ...metadata, resourceVersion };
    const body = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: kept, spec: { replicas } };
    try {
      await client.updateSubresource(type, key, 'scale', body, { dryRun: dryRun === 'server', signal });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === attemptsMax) throw error;
    }
  }
}

function replicasOf(scaled: object): number {
  const spec: unknown = Reflect.get(scaled, 'spec');
  return isJsonObject(spec) && typeof spec.replicas === 'number' ? spec.replicas : 0;
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new CliError(`The ${flag} flag must be a number from 0, but is ${JSON.stringify(text)}`, { exitCode: 2 });
}
