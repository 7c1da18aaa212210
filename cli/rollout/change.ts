import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import type { Selected } from '../resources/select.ts';
import { toRfc3339 } from '../time.ts';
import { nameOf, readWorkload, templateOf } from './workload.ts';

/** As kubectl: a template that differs makes new pods. */
export const restartedAtAnnotation = 'kubectl.kubernetes.io/restartedAt';

export async function restart(context: CliContext, { client }: Connection, selected: Selected): Promise<void> {
  const { type, key } = selected;
  const workload = await readWorkload(client, selected, 'restart', context.signal);
  if (workload.kind === 'Deployment' && workload.object.spec?.paused) {
    throw new CliError(`can't restart paused deployment (run rollout resume first)`, {
      fix: `berth rollout resume deployment/${key.name}`,
    });
  }
  const now = toRfc3339(context.clock.now());
  if (templateOf(workload)?.metadata?.annotations?.[restartedAtAnnotation] === now) {
    throw new CliError(
      'if restart has already been triggered within the past second, please wait before attempting to trigger another',
    );
  }
  const template = { metadata: { annotations: { [restartedAtAnnotation]: now } } };
  await client.patch(type, key, { type: 'merge', body: { spec: { template } } }, { signal: context.signal });
  context.stdout.write(`${nameOf(type, key)} restarted\n`);
}

/** Only deployments can hold still. */
export async function setPaused(
  context: CliContext,
  { client }: Connection,
  selected: Selected,
  paused: boolean,
): Promise<void> {
  const { type, key } = selected;
  const verb = paused ? 'pause' : 'resume';
  const workload = await readWorkload(client, selected, verb, context.signal);
  if (workload.kind !== 'Deployment') {
    throw new CliError(
      `${type.resource}.apps ${JSON.stringify(key.name)} ${paused ? 'pausing' : 'resuming'} is not supported`,
      {
        fix: 'Only deployments can be paused',
      },
    );
  }
  if ((workload.object.spec?.paused ?? false) === paused) {
    throw new CliError(`deployments.apps ${JSON.stringify(key.name)} is ${paused ? 'already paused' : 'not paused'}`);
  }
  const body = { spec: { paused: paused || null } };
  await client.patch(type, key, { type: 'merge', body }, { signal: context.signal });
  context.stdout.write(`${nameOf(type, key)} ${paused ? 'paused' : 'resumed'}\n`);
}
