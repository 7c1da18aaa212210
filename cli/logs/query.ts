import { CliError } from '../command.ts';
import { parseDuration } from '../wait/duration.ts';
import { whole } from '../whole.ts';

/** How much of a log, as the flags say. */
export interface LogFlags {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly since?: string;
  readonly sinceTime?: string;
  readonly tail?: string;
  readonly limitBytes?: string;
}

export type LogQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** The query of the API. With a selector the default is the last ten lines of each, as for kubectl. Throws a CliError. */
export function logQuery(flags: LogFlags, bySelector: boolean): LogQuery {
  if (flags.since !== undefined && flags.sinceTime !== undefined) {
    throw new CliError('at most one of --since and --since-time may be given', { exitCode: 2 });
  }
  const tail = flags.tail === undefined ? (bySelector && !flags.follow ? 10 : -1) : whole('--tail', flags.tail, -1);
  const sinceMs = flags.since === undefined ? 0 : parseDuration('--since', flags.since);
  if (sinceMs < 0) throw new CliError('--since must be greater than 0', { exitCode: 2 });
  return {
    follow: flags.follow,
    previous: flags.previous,
    timestamps: flags.timestamps,
    sinceSeconds: sinceMs > 0 ? Math.ceil(sinceMs / 1000) : undefined,
    sinceTime: flags.sinceTime === undefined ? undefined : time(flags.sinceTime),
    tailLines: tail < 0 ? undefined : tail,
    limitBytes: flags.limitBytes === undefined ? undefined : whole('--limit-bytes', flags.limitBytes, 1),
  };
}

function time(text: string): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new CliError(`--since-time must be a time such as 2026-07-31T10:00:00Z, but is ${JSON.stringify(text)}`, {
    exitCode: 2,
  });
}
