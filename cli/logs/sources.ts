import type { V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { chooseContainer, containersOf } from '../resources/containers-of.ts';
import { parsePodOwner, podsOf } from '../resources/pods-of.ts';

/** The log of one container. */
export interface LogSource {
  readonly pod: Stored<V1Pod>;
  readonly container: string;
}

export interface SourceFlags {
  readonly selector?: string;
  readonly container?: string;
  readonly allContainers?: boolean;
}

/** Whose logs are meant: of one pod, of those behind TYPE/NAME, or of those with the labels. */
export async function findSources(
  context: CliContext,
  connection: Connection,
  words: readonly string[],
  flags: SourceFlags,
): Promise<LogSource[]> {
  const [target, container = flags.container, ...rest] = words;
  if (rest.length > 0 || (target !== undefined) === (flags.selector !== undefined)) {
    throw new CliError('name one pod, one TYPE/NAME, or pick pods with -l', {
      exitCode: 2,
      fix: 'For example: berth logs web-1, berth logs deploy/web, berth logs -l app=web',
    });
  }
  if (words.length > 1 && flags.container !== undefined) {
    throw new CliError('only one of -c or an inline [CONTAINER] arg is allowed', { exitCode: 2 });
  }
  if (container !== undefined && flags.allContainers) {
    throw new CliError('--all-containers=true should not be specified with container name', { exitCode: 2 });
  }
  const found = await findPods(context, connection, target, flags.selector);
  const said = new Set<string>();
  // Of many pods of one kind it is said once.
  const say = (line: string): void => {
    if (!said.has(line)) context.stderr.write(`${line}\n`);
    said.add(line);
  };
  return found.flatMap((pod) =>
    flags.allContainers
      ? containersOf(pod).map(({ name }) => ({ pod, container: name }))
      : [{ pod, container: chooseContainer(pod, container, say) }],
  );
}

async function findPods(
  { signal }: CliContext,
  connection: Connection,
  target: string | undefined,
  labelSelector: string | undefined,
): Promise<Stored<V1Pod>[]> {
  if (target === undefined) {
    return (await connection.client.list(pods, { namespace: connection.namespace, labelSelector, signal })).items;
  }
  const owner = await parsePodOwner(connection, target);
  const found = await podsOf(connection, owner, signal);
  if (found.length > 0) return found;
  throw new CliError(`${owner.type.singular} ${JSON.stringify(owner.key.name)} has no pods`, {
    fix: `See why with: berth describe ${owner.type.singular}/${owner.key.name}`,
  });
}
