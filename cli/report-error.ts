import { StatusError } from '#api/status-error.ts';
import { HostError } from '#host/errors.ts';
import { type CliContext, CliError } from './command.ts';

/** Prints what went wrong and what to do next; returns the exit code. A stack is shown only for our own bugs. */
export function reportError(error: unknown, context: CliContext): number {
  const print = (line: string): void => void context.stderr.write(`${line}\n`);
  if (context.signal.aborted) return typeof process.exitCode === 'number' ? process.exitCode : 130;
  if (error instanceof CliError || error instanceof HostError) {
    // Without a message everything was said already; only the exit code is left.
    if (error.message) print(`error: ${error.message}`);
    if (error.fix) print(`  ${error.fix}`);
    return error instanceof CliError ? error.exitCode : 1;
  }
  if (error instanceof StatusError) {
    print(`Error from server (${error.reason}): ${error.message}`);
    return 1;
  }
  print(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  print('  This looks like a bug in Berth.');
  return 1;
}
