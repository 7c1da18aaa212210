import type { KubeObject, Stored } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { alignTabs } from '../describe/align.ts';
import { describeObject } from '../describe/describers.ts';
import { eventLines, readEvents } from '../describe/events.ts';
import { problemLines } from '../describe/problems/problem.ts';
import { type Selected, type SelectFlags, selectObjects } from '../resources/select.ts';

interface DescribeFlags extends ClientFlags, SelectFlags {
  readonly showEvents: boolean;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('describe'))
      .description('Show objects in words: what they are, what happened to them, and what is wrong with them.')
      .argument('[what...]', 'TYPE, TYPE NAME... or TYPE/NAME...')
      .option('-l, --selector <selector>', 'objects with these labels')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('-f, --filename <path>', 'the objects that this file or folder names', collect)
      .option('-R, --recursive', 'folders within folders too')
      .option('--no-show-events', 'without the events')
      .addHelpText(
        'after',
        '\nExamples:\n  berth describe pod web-1\n  berth describe deploy/web\n  berth describe pods -l app=web\n  berth describe nodes',
      )
      .action((what: string[], flags: DescribeFlags) =>
        withConnection(context, flags, (connection) => describe(context, connection, what, flags)),
      );
  },
};

async function describe(
  context: CliContext,
  connection: Connection,
  what: readonly string[],
  flags: DescribeFlags,
): Promise<void> {
  const selected = await selectObjects(context, connection, what, { ...flags, all: true });
  let shown = 0;
  let missing = 0;
  for (const one of selected) {
    const object = await readOne(context, connection, one);
    if (!object) {
      missing++;
      continue;
    }
    if (shown > 0) context.stdout.write('\n\n');
    context.stdout.write(await describeOne(context, connection, object, flags.showEvents));
    shown++;
  }
  if (missing > 0) throw new CliError('');
  if (selected.length === 0) context.stderr.write(`No resources found in ${connection.namespace} namespace.\n`);
}

async function readOne(
  { signal, stderr }: CliContext,
  { client }: Connection,
  { type, key }: Selected,
): Promise<Stored<KubeObject> | undefined> {
  try {
    return await client.get(type, key, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    stderr.write(`Error from server (NotFound): ${error.message}\n`);
    return undefined;
  }
}

async function describeOne(
  { clock, signal }: CliContext,
  { client }: Connection,
  object: Stored<KubeObject>,
  showEvents: boolean,
): Promise<string> {
  const nowMs = clock.now();
  const events = await readEvents(client, object, signal);
  const { problems, lines } = await describeObject({ client, events, nowMs, signal }, object);
  const all = [...problemLines(problems), ...lines, ...(showEvents ? eventLines(events, nowMs) : [])];
  return `${alignTabs(all).join('\n')}\n`;
}
