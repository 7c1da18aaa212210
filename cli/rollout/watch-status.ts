import { isDeepStrictEqual } from 'node:util';
import { daemonSets, deployments, statefulSets } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isStored } from '#client/stored.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import type { Selected } from '../resources/select.ts';
import { parseDuration } from '../wait/duration.ts';
import { watchObject } from '../wait/watch-object.ts';
import { type RolloutStatus, rolloutStatus } from './status.ts';
import { readWorkload, type Workload, workloadKind } from './workload.ts';

export interface StatusFlags {
  readonly watch: boolean;
  readonly timeout: string;
  readonly revision: string;
}

/** Says where the rollout stands, each time that changes, until it is done. Throws a CliError when it fails or time is over. */
export async function showStatus(
  context: CliContext,
  { client }: Connection,
  selected: Selected,
  flags: StatusFlags,
): Promise<void> {
  const { type, key } = selected;
  workloadKind(type, 'status');
  const revision = Number(flags.revision);
  if (!Number.isInteger(revision) || revision < 0) {
    throw new CliError(`revision must be a positive integer: ${flags.revision}`, { exitCode: 2 });
  }
  let last: RolloutStatus | undefined;
  const say = (workload: Workload): boolean => {
    const status = rolloutStatus(workload, revision);
    if (!isDeepStrictEqual(status, last)) context.stdout.write(`${status.message}\n`);
    last = status;
    return status.done;
  };
  // The first look is a GET: an object that is not there is an error, later it is the end of it.
  const finished = say(await readWorkload(client, selected, 'status', context.signal));
  if (finished || !flags.watch) return;
  const timeoutMs = parseDuration('--timeout', flags.timeout);
  const reached = await watchObject(
    context,
    client,
    type,
    key,
    (object) => {
      if (!object) throw new CliError('object has been deleted');
      return say(asWorkload(type, object));
    },
    timeoutMs > 0 ? timeoutMs : undefined,
  );
  if (!reached) throw new CliError('timed out waiting for the condition');
}

function asWorkload(type: ResourceType, object: Stored<KubeObject>): Workload {
  if (isStored(deployments, object)) return { kind: 'Deployment', object };
  if (isStored(daemonSets, object)) return { kind: 'DaemonSet', object };
  if (isStored(statefulSets, object)) return { kind: 'StatefulSet', object };
  throw new CliError(`the server answered with a ${object.kind} instead of a ${type.kind}`);
}
