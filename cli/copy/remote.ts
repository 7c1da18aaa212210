import type { ObjectKey } from '#api/meta.ts';
import type { HttpClient } from '#client/http-client.ts';
import { type ExecStreams, exec } from '#client/streams/exec.ts';
import { type CliContext, CliError } from '../command.ts';

/** A container in which `tar` does the copying. */
export interface RemoteSide {
  readonly context: CliContext;
  readonly client: HttpClient;
  readonly pod: ObjectKey;
  readonly container: string;
}

/** More of what a failing command says would not help anybody. */
const errorTextMax = 4096;

export const isRemoteDirectory = async (side: RemoteSide, path: string): Promise<boolean> =>
  (await runRemote(side, ['test', '-d', path], {})).code === 0;

/** Throws a CliError with what the command has said when it fails. */
export async function mustRunRemote(
  side: RemoteSide,
  command: readonly string[],
  streams: Pick<ExecStreams, 'stdin' | 'stdout'>,
): Promise<void> {
  const { code, errors } = await runRemote(side, command, streams);
  if (code === 0) return;
  throw new CliError(`${command[0]} in container ${side.container} failed with exit code ${code}: ${errors.trim()}`, {
    fix: code === 126 || code === 127 ? 'The container needs a tar for this' : undefined,
  });
}

async function runRemote(
  { context, client, pod, container }: RemoteSide,
  command: readonly string[],
  streams: Pick<ExecStreams, 'stdin' | 'stdout'>,
): Promise<{ code: number; errors: string }> {
  let errors = '';
  const code = await exec(
    { access: client.access, clock: context.clock, signal: context.signal },
    { pod, container, command },
    {
      ...streams,
      stderr: (data) => {
        if (errors.length < errorTextMax) errors += data.toString();
      },
    },
  );
  return { code, errors };
}
