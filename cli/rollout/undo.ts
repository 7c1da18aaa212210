import { isDeepStrictEqual } from 'node:util';
import type { V1PodTemplateSpec } from '#api/generated/types.ts';
import type { Patch } from '#client/api-client.ts';
import { lastAppliedAnnotation } from '../apply/last-applied.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { alignTabs } from '../describe/align.ts';
import { templateLines } from '../describe/template.ts';
import type { Selected } from '../resources/select.ts';
import { type DryRun, dryRunSuffix } from '../write-flags.ts';
import { findRevision, parseRevision } from './history.ts';
import { type Revision, readRevisions } from './revisions.ts';
import { revisionAnnotation } from './status.ts';
import { nameOf, readWorkload, templateOf, type Workload } from './workload.ts';

const hashLabel = 'pod-template-hash';

/** Back to the revision before, or to the one that is named. A template that is the same already is left alone. */
export async function undo(
  context: CliContext,
  { client }: Connection,
  selected: Selected,
  flags: { readonly toRevision: string; readonly dryRun?: DryRun },
): Promise<void> {
  const { type, key } = selected;
  const wanted = parseRevision('--to-revision', flags.toRevision);
  const workload = await readWorkload(client, selected, 'undo', context.signal);
  if (workload.kind === 'Deployment' && workload.object.spec?.paused) {
    throw new CliError('cannot rollback a paused deployment; resume it first and try again', {
      fix: `berth rollout resume deployment/${key.name}`,
    });
  }
  const target = chooseRevision(await readRevisions(client, workload, context.signal), wanted, workload);
  const template = withoutHash(target.template);
  if (isDeepStrictEqual(template, withoutHash(templateOf(workload)))) {
    context.stdout.write(
      `${nameOf(type, key)} skipped rollback (current template already matches revision ${target.number})\n`,
    );
    return;
  }
  if (flags.dryRun === 'client') {
    const lines = alignTabs(templateLines(target.template)).join('\n');
    context.stdout.write(`${nameOf(type, key)} ${lines}\n${dryRunSuffix('client').trim()}\n`);
    return;
  }
  const options = { dryRun: flags.dryRun === 'server', signal: context.signal };
  await client.patch(type, key, rollbackPatch(workload, target, template), options);
  context.stdout.write(`${nameOf(type, key)} rolled back${dryRunSuffix(flags.dryRun)}\n`);
}

function chooseRevision(revisions: readonly Revision[], wanted: number, workload: Workload): Revision {
  if (wanted > 0) return findRevision(revisions, wanted);
  const previous = revisions.at(-2);
  if (previous) return previous;
  const name = JSON.stringify(workload.object.metadata.name);
  throw new CliError(`no rollout history found for ${workload.kind.toLowerCase()} ${name}: nothing to go back to`);
}

/** The template as a whole. A deployment's change-cause goes back with it; what `apply` remembers stays as it is. */
function rollbackPatch({ kind, object }: Workload, target: Revision, template: V1PodTemplateSpec): Patch {
  const replaceTemplate = { op: 'replace', path: '/spec/template', value: template };
  if (kind !== 'Deployment') return { type: 'json', body: [replaceTemplate] };
  const kept = [revisionAnnotation, lastAppliedAnnotation].flatMap((name) => {
    const value = object.metadata.annotations?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  const old = Object.entries(target.annotations).filter(([name]) => !ownToReplicaSets.has(name));
  const annotations: Record<string, string> = Object.fromEntries([...old, ...kept]);
  return { type: 'json', body: [replaceTemplate, { op: 'add', path: '/metadata/annotations', value: annotations }] };
}

const ownToReplicaSets: ReadonlySet<string> = new Set([
  revisionAnnotation,
  lastAppliedAnnotation,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
]);

/** ReplicaSets mark their template with a hash that the deployment's own does not have. */
function withoutHash(template: V1PodTemplateSpec | undefined): V1PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}
