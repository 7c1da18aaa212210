import { apiVersionOf } from '#api/resource-type.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import type { CliContext, CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { parseOutput, writeValue } from '../printers/output.ts';
import { formatTable } from '../printers/table.ts';

interface ResourcesFlags extends ClientFlags {
  readonly output?: string;
  readonly namespaced?: string;
  readonly apiGroup?: string;
  readonly headers: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('api-resources'))
      .description('List the kinds of objects that the server has.')
      .option('-o, --output <format>', 'name, json or yaml')
      .option('--namespaced <true|false>', 'only those that live in namespaces, or only the others')
      .option('--api-group <group>', 'only those of this group')
      .option('--no-headers', 'without the line of headings')
      .addHelpText(
        'after',
        '\nExamples:\n  berth api-resources\n  berth api-resources --namespaced=false --api-group=apps',
      )
      .action((flags: ResourcesFlags) =>
        withConnection(context, flags, (connection) => list(context, connection, flags)),
      );
  },
};

async function list(context: CliContext, connection: Connection, flags: ResourcesFlags): Promise<void> {
  const format = parseOutput(flags.output);
  const types = (await connection.mapper.everything())
    .filter((type) => flags.namespaced === undefined || String(type.namespaced) === flags.namespaced)
    .filter((type) => flags.apiGroup === undefined || type.group === flags.apiGroup)
    .sort((a, b) => (a.group === b.group ? a.resource.localeCompare(b.resource) : a.group.localeCompare(b.group)));
  if (format.kind === 'name') {
    for (const type of types)
      context.stdout.write(`${type.group ? `${type.resource}.${type.group}` : type.resource}\n`);
  } else if (format.kind === 'table') {
    const columns = ['Name', 'Shortnames', 'Apiversion', 'Namespaced', 'Kind'].map((name) => ({ name, wide: false }));
    const rows = types.map((type) => [
      type.resource,
      type.shortNames.join(','),
      apiVersionOf(type),
      String(type.namespaced),
      type.kind,
    ]);
    context.stdout.write(formatTable(columns, rows, { wide: true, headers: flags.headers }));
  } else writeValue(context, format, types);
}
