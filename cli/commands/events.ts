import type { CoreV1Event } from '#api/generated/types.ts';
import { events } from '#api/kinds.ts';
import { isExpired } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { sortEvents } from '../describe/events.ts';
import { createEventPrinter } from '../events/table.ts';
import { parseOutput, writeValue } from '../printers/output.ts';
import { parseTargets } from '../resources/targets.ts';

interface EventsFlags extends ClientFlags {
  readonly for?: string;
  readonly types?: string;
  readonly watch?: boolean;
  readonly allNamespaces?: boolean;
  readonly headers: boolean;
  readonly output?: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('events'))
      .description('List what has happened, oldest first.')
      .option('--for <object>', 'only to this one: TYPE/NAME')
      .option('--types <list>', 'only these: Normal, Warning')
      .option('-w, --watch', 'go on and show what happens')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('--no-headers', 'without the line of headings')
      .option('-o, --output <format>', 'json or yaml')
      .addHelpText(
        'after',
        '\nExamples:\n  berth events\n  berth events --for pod/web-1 -w\n  berth events -A --types Warning',
      )
      .action((flags: EventsFlags) =>
        withConnection(context, flags, (connection) => showEvents(context, connection, flags)),
      );
  },
};

async function showEvents(context: CliContext, connection: Connection, flags: EventsFlags): Promise<void> {
  const format = parseOutput(flags.output);
  const types = (flags.types ?? '').split(',').filter(Boolean).map(eventType);
  const isWanted = (event: CoreV1Event): boolean => types.length === 0 || types.includes(event.type ?? '');
  const namespace = flags.allNamespaces ? undefined : connection.namespace;
  const query = { namespace, fieldSelector: await fieldSelectorOf(connection, flags.for), signal: context.signal };
  const list = await connection.client.list(events, query);
  const found = sortEvents(list.items.filter(isWanted));
  if (format.kind !== 'table') {
    writeValue(context, format, { apiVersion: 'v1', kind: 'List', metadata: {}, items: found });
    return;
  }
  const print = createEventPrinter(context, { headers: flags.headers, withNamespace: flags.allNamespaces ?? false });
  print(found);
  if (!flags.watch) {
    if (found.length === 0) {
      context.stderr.write(flags.allNamespaces ? 'No events found.\n' : `No events found in ${namespace} namespace.\n`);
    }
    return;
  }
  let version = list.metadata.resourceVersion;
  while (!context.signal.aborted) {
    try {
      const follow = { ...query, resourceVersion: version, allowWatchBookmarks: true };
      for await (const { type, object } of connection.client.watch(events, follow)) {
        version = object.metadata.resourceVersion;
        if ((type === 'ADDED' || type === 'MODIFIED') && isWanted(object)) print([object]);
      }
    } catch (error) {
      if (!isExpired(error)) throw error;
      version = (await connection.client.list(events, query)).metadata.resourceVersion;
    }
  }
}

function eventType(text: string): string {
  const found = ['Normal', 'Warning'].find((type) => type.toLowerCase() === text.trim().toLowerCase());
  if (found) return found;
  throw new CliError(`valid --types are Normal or Warning, not ${JSON.stringify(text)}`, { exitCode: 2 });
}

async function fieldSelectorOf({ mapper }: Connection, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return undefined;
  if (!text.includes('/')) {
    throw new CliError(`--for must be TYPE/NAME, but is ${JSON.stringify(text)}`, {
      exitCode: 2,
      fix: 'For example: --for pod/web-1',
    });
  }
  const [target] = await parseTargets([text], mapper);
  return target && `involvedObject.kind=${target.type.kind},involvedObject.name=${target.name}`;
}
