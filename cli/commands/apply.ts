import type { KubeObject } from '#api/meta.ts';
import { StatusError } from '#api/status-error.ts';
import { applyObject } from '../apply/apply-object.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { type ManifestObject, readManifests } from '../manifests/read.ts';
import { parseOutput, writeValue } from '../printers/output.ts';
import { qualifiedName } from '../resources/names.ts';
import { type DryRun, dryRunFlag, dryRunSuffix } from '../write-flags.ts';

interface ApplyFlags extends ClientFlags {
  readonly filename?: string[];
  readonly recursive?: boolean;
  readonly dryRun?: DryRun;
  readonly output?: string;
  readonly validate?: string;
}

export const command: CommandModule = {
  register(program, context) {
    dryRunFlag(clientFlags(program.command('apply')))
      .description('Make the cluster as the manifests say: creates what is missing, changes what differs.')
      .option('-f, --filename <path>', 'a file, a folder, or - for standard input; can be given again', collect)
      .option('-R, --recursive', 'folders within folders too')
      .option('-o, --output <format>', 'print the objects: json, yaml or name')
      .option('--validate <how>', 'unknown fields: strict (an error), warn or ignore', 'strict')
      .addHelpText(
        'after',
        '\nExamples:\n  berth apply -f web.yaml\n  berth apply -f manifests/\n  cat web.yaml | berth apply -f - --dry-run=server',
      )
      .action((flags: ApplyFlags) => withConnection(context, flags, (connection) => apply(context, connection, flags)));
  },
};

/** Every object is tried; the first failure decides the exit code, and each is reported with its file. */
async function apply(context: CliContext, connection: Connection, flags: ApplyFlags): Promise<void> {
  if (!flags.filename)
    throw new CliError('must specify -f', { exitCode: 2, fix: 'Name a file, a folder, or - for standard input' });
  const format = parseOutput(flags.output);
  const manifests = await readManifests(flags.filename, context, { recursive: flags.recursive });
  const results: KubeObject[] = [];
  let failures = 0;
  for (const manifest of manifests) {
    try {
      const { line, object } = await applyOne(context, connection, manifest, flags);
      results.push(object);
      if (format.kind === 'table') context.stdout.write(`${line}\n`);
      else if (format.kind === 'name') context.stdout.write(`${line.split(' ')[0]}\n`);
    } catch (error) {
      if (!(error instanceof StatusError || error instanceof CliError)) throw error;
      context.signal.throwIfAborted();
      failures++;
      const from = error instanceof StatusError ? `Error from server (${error.reason}): ` : 'error: ';
      context.stderr.write(`${from}when applying ${manifest.source}: ${error.message}\n`);
    }
  }
  const printed = results.length === 1 ? results[0] : { apiVersion: 'v1', kind: 'List', metadata: {}, items: results };
  if (results.length > 0) writeValue(context, format, printed);
  if (failures > 0) throw new CliError('', { exitCode: 1 });
}

async function applyOne(
  context: CliContext,
  connection: Connection,
  { object }: ManifestObject,
  flags: ApplyFlags,
): Promise<{ line: string; object: KubeObject }> {
  const type = await connection.mapper.forObject(object);
  if (!object.metadata?.name)
    throw new CliError('metadata.name is missing', { fix: 'apply needs a name; generateName does not do' });
  const named = object.metadata.namespace;
  if (type.namespaced && flags.namespace && named && named !== flags.namespace) {
    throw new CliError(
      `the namespace from the provided object ${JSON.stringify(named)} does not match the namespace ${JSON.stringify(flags.namespace)}. You must pass '--namespace=${named}' to perform this operation.`,
    );
  }
  const namespace = type.namespaced ? (named ?? connection.namespace) : undefined;
  const { namespace: _, ...metadata } = object.metadata;
  const placed: KubeObject = { ...object, metadata: { ...metadata, ...(namespace && { namespace }) } };
  const name = `${qualifiedName(type)}/${object.metadata.name}`;
  if (flags.dryRun === 'client') return { line: `${name} configured (dry run)`, object: placed };
  const result = await applyObject(connection.client, type, placed, {
    dryRun: flags.dryRun === 'server',
    fieldManager: 'berth-apply',
    fieldValidation: validationOf(flags.validate),
    signal: context.signal,
  });
  return { line: `${name} ${result.outcome}${dryRunSuffix(flags.dryRun)}`, object: result.object };
}

function validationOf(text: string | undefined): 'Strict' | 'Warn' | 'Ignore' {
  switch (text) {
    case 'warn':
      return 'Warn';
    case 'ignore':
    case 'false':
      return 'Ignore';
    case undefined:
    case 'strict':
    case 'true':
      return 'Strict';
    default:
      throw new CliError(`--validate must be strict, warn or ignore, but is ${JSON.stringify(text)}`, { exitCode: 2 });
  }
}
