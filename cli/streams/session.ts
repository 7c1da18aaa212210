import type { ObjectKey } from '#api/meta.ts';
import type { HttpClient } from '#client/http-client.ts';
import { exec } from '#client/streams/exec.ts';
import type { CliContext } from '../command.ts';
import { readInput } from './input.ts';
import { terminalSizes, withRawTerminal } from './terminal.ts';
import { writeAll } from './write.ts';

export interface Session {
  readonly pod: ObjectKey;
  readonly container: string;
  /** Absent: attach to the container's own process. */
  readonly command?: readonly string[] | undefined;
  readonly stdin: boolean;
  readonly tty: boolean;
}

/** Our standard streams become those of a process in a container. Resolves to its exit code. */
export async function runSession(context: CliContext, client: HttpClient, session: Session): Promise<number> {
  const { pod, container, command, stdin, tty } = session;
  const run = (): Promise<number> =>
    exec(
      { access: client.access, clock: context.clock, signal: context.signal },
      { pod, container, command, tty },
      {
        stdin: stdin ? readInput(context.stdin) : undefined,
        stdout: (data) => writeAll(context.stdout, data),
        stderr: tty ? undefined : (data) => writeAll(context.stderr, data),
        sizes: tty ? terminalSizes(context) : undefined,
      },
    );
  return tty ? withRawTerminal(context, run) : run();
}

/** A terminal over there needs one here: without it the command runs all the same, and we say so. */
export function canUseTerminal(
  context: CliContext,
  flags: { readonly stdin?: boolean; readonly tty?: boolean },
): boolean {
  if (!flags.tty || !flags.stdin) return false;
  if (context.stdin.isTTY) return true;
  context.stderr.write('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  return false;
}
