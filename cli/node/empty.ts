import type { ApiClient } from '#client/api-client.ts';
import { type CliContext, CliError } from '../command.ts';
import { drainNode } from '../drain/drain.ts';
import { DrainError } from '../drain/options.ts';
import type { Progress } from '../progress.ts';

export interface EmptyOptions {
  /** Takes away what blocks, and goes on when something stays all the same. */
  readonly force: boolean;
  /** For all pods together. */
  readonly timeoutMs: number;
}

/**
 * Sends all pods of a node that is to go elsewhere. Throws a CliError that names what is in the way; nothing else was
 * done then. `again` is the command that does it by force.
 */
export async function emptyNode(
  client: ApiClient,
  name: string,
  { force, timeoutMs }: EmptyOptions,
  again: string,
  progress: Progress,
  { clock, signal }: CliContext,
): Promise<void> {
  let gone = 0;
  progress.doing('drain', 'moving pods to other machines');
  try {
    await drainNode(
      client,
      name,
      { clock, ignoreDaemonSets: true, deleteEmptyDirData: true, timeoutMs, force, disableEviction: force },
      (event) => {
        if (event.kind === 'gone') gone += 1;
        if (event.kind === 'blocked') progress.doing('drain', `${event.pod.name} may not go yet: ${event.why.message}`);
      },
      signal,
    );
    progress.done('drain', gone === 1 ? '1 pod was moved' : `${gone} pods were moved`);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DrainError)) throw error;
    if (force) return progress.done('drain', `not all pods went: ${error.message}`);
    throw new CliError(`pods are in the way: ${error.message}`, {
      fix: `Nothing was removed; the node takes no new pods (undo it: berth uncordon ${name}).
  To go on all the same, and lose what nobody makes anew: ${again}`,
      cause: error,
    });
  }
}
