import type { ResourceType } from '#api/resource-type.ts';
import { isNotFound } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { explainText, explainTree } from '../explain/print.ts';
import { explainSchema, findKind, followPath, type Schemas, schemasOf } from '../explain/schema.ts';

interface ExplainFlags extends ClientFlags {
  readonly recursive?: boolean;
  readonly apiVersion?: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('explain'))
      .description('Say what a kind and its fields are for.')
      .argument('<what>', 'TYPE or TYPE.FIELD.FIELD, for example deployment.spec.strategy')
      .option('-R, --recursive', 'only the names of all fields, all the way down')
      .option('--api-version <version>', 'of this version: apps/v1')
      .addHelpText(
        'after',
        '\nExamples:\n  berth explain pod\n  berth explain deploy.spec.strategy\n  berth explain service --recursive',
      )
      .action((what: string, flags: ExplainFlags) =>
        withConnection(context, flags, (connection) => explain(context, connection, what, flags)),
      );
  },
};

async function explain(context: CliContext, connection: Connection, what: string, flags: ExplainFlags): Promise<void> {
  const [name = '', ...path] = what.split('.').filter(Boolean);
  const type = withVersion(await connection.mapper.resolve(name), flags.apiVersion);
  const schemas = await readSchemas(connection, type, context.signal);
  const kind = findKind(schemas, type.group, type.version, type.kind);
  if (!kind) throw new CliError(`the server does not describe ${type.kind} of version ${type.version}`);
  const explained = explainSchema(schemas, followPath(schemas, kind, path));
  if (flags.recursive) {
    const head = explainText(type, path.at(-1), { ...explained, fields: [] });
    context.stdout.write(`${head.trimEnd()}\n\nFIELDS:\n${explainTree(schemas, explained).join('\n')}\n`);
  } else context.stdout.write(explainText(type, path.at(-1), explained));
}

function withVersion(type: ResourceType, apiVersion: string | undefined): ResourceType {
  if (apiVersion === undefined) return type;
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { ...type, group, version };
}

async function readSchemas(
  { client }: Connection,
  { group, version, kind }: ResourceType,
  signal: AbortSignal,
): Promise<Schemas> {
  const path = group ? `/openapi/v3/apis/${group}/${version}` : `/openapi/v3/api/${version}`;
  try {
    return schemasOf(await client.json({ method: 'GET', path, signal }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CliError(`couldn't find resource for ${JSON.stringify(`${group}/${version}, Kind=${kind}`)}`, {
      fix: 'See what there is with: berth api-resources',
      cause: error,
    });
  }
}
