import { StatusError } from '#api/status-error.ts';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { type CliContext, CliError, type CommandModule } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { wholeLines } from '../logs/lines.ts';
import { createPrefixer } from '../logs/prefix.ts';
import { type LogFlags, logQuery } from '../logs/query.ts';
import { readLog } from '../logs/read.ts';
import { findSources, type LogSource, type SourceFlags } from '../logs/sources.ts';
import { writeAll } from '../streams/write.ts';
import { whole } from '../whole.ts';

interface LogsFlags extends ClientFlags, LogFlags, SourceFlags {
  readonly prefix?: boolean;
  readonly maxLogRequests: string;
}

export const command: CommandModule = {
  register(program, context) {
    clientFlags(program.command('logs'))
      .description('Print what containers write.')
      .argument('[target]', 'POD or TYPE/NAME, for example deploy/web: all of its pods')
      .argument('[container]', 'the same as -c')
      .option('-l, --selector <selector>', 'pods with these labels')
      .option('-f, --follow', 'go on until the container ends, or Ctrl-C')
      .option('-p, --previous', 'of the container that ran before the last restart')
      .option('--since <duration>', 'only what is newer, for example 5m')
      .option('--since-time <time>', 'only what is newer, for example 2026-07-31T10:00:00Z')
      .option('--tail <lines>', 'only the last lines; -1: all (default: all, or 10 with -l)')
      .option('--timestamps', 'with the time before each line')
      .option('-c, --container <name>', 'of this container')
      .option('--all-containers', 'of all containers of the pod')
      .option('--all-pods', 'accepted: all pods of TYPE/NAME are shown anyway')
      .option('--limit-bytes <bytes>', 'no more than this of each log')
      .option('--prefix', 'with pod and container before each line (default: when there are several)')
      .option('--no-prefix', 'never with them')
      .option('--max-log-requests <count>', 'how many logs may be followed at once', '10')
      .addHelpText(
        'after',
        '\nExamples:\n  berth logs web-1\n  berth logs -f deploy/web --tail=20\n  berth logs -l app=web --all-containers --since=1h\n  berth logs web-1 -c nginx --previous',
      )
      .action((target: string | undefined, container: string | undefined, flags: LogsFlags) =>
        withConnection(context, flags, (connection) =>
          logs(
            context,
            connection,
            [target, container].filter((word) => word !== undefined),
            flags,
          ),
        ),
      );
  },
};

/** Followed logs run side by side and mix line by line; the others come one after the other. */
async function logs(
  context: CliContext,
  connection: Connection,
  words: readonly string[],
  flags: LogsFlags,
): Promise<void> {
  const query = logQuery(flags, flags.selector !== undefined);
  const most = whole('--max-log-requests', flags.maxLogRequests, 1);
  const sources = await findSources(context, connection, words, flags);
  if (sources.length === 0) {
    context.stderr.write(`No resources found in ${connection.namespace} namespace.\n`);
    return;
  }
  if (flags.follow && sources.length > most) {
    throw new CliError(
      `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${most}, use --max-log-requests to increase the limit`,
    );
  }
  const prefixOf = createPrefixer(context);
  const withPrefix = flags.prefix ?? sources.length > 1;
  const print = async (source: LogSource, index: number): Promise<void> => {
    const bytes = readLog(connection.client, source, query, context.signal);
    const prefix = withPrefix ? prefixOf(index, source.pod.metadata.name, source.container) : '';
    if (sources.length === 1 && !prefix) for await (const chunk of bytes) await writeAll(context.stdout, chunk);
    else {
      const start = Buffer.from(prefix);
      for await (const line of wholeLines(bytes)) await writeAll(context.stdout, Buffer.concat([start, line]));
    }
  };
  if (sources.length === 1 && sources[0]) return print(sources[0], 0);
  await printAll(context, sources, print, flags.follow ?? false);
}

/** One that fails is told of; the others are shown all the same. */
async function printAll(
  context: CliContext,
  sources: readonly LogSource[],
  print: (source: LogSource, index: number) => Promise<void>,
  together: boolean,
): Promise<void> {
  let failures = 0;
  const attempt = async (source: LogSource, index: number): Promise<void> => {
    try {
      await print(source, index);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failures++;
      context.stderr.write(`error: pod/${source.pod.metadata.name}/${source.container}: ${error.message}\n`);
    }
  };
  if (together) await Promise.all(sources.map(attempt));
  else for (const [index, source] of sources.entries()) await attempt(source, index);
  if (failures > 0) throw new CliError('');
}
