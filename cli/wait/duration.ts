import { parseDuration as parseGoDuration } from '#api/duration.ts';
import { CliError } from '../command.ts';

/** `30s`, `1m30s`, `-1s`, `0`, or plain seconds, in milliseconds. Throws a CliError that names the flag. */
export function parseDuration(flag: string, text: string): number {
  const durationMs = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : parseGoDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw new CliError(`${flag} must be a duration such as 30s or 1m30s, but is ${JSON.stringify(text)}`, {
    exitCode: 2,
  });
}
