import type { V1ControllerRevision, V1PodTemplateSpec, V1ReplicaSet } from '#api/generated/types.ts';
import { controllerRevisions, replicaSets } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import type { HttpClient } from '#client/http-client.ts';
import { revisionAnnotation } from './status.ts';
import type { Workload } from './workload.ts';

/** One state of a workload's pod template that can be gone back to. */
export interface Revision {
  readonly number: number;
  readonly changeCause: string | undefined;
  readonly template: V1PodTemplateSpec | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

const changeCauseAnnotation = 'kubernetes.io/change-cause';

/** All that the server still has, oldest first. Deployments keep them as ReplicaSets, the others as ControllerRevisions. */
export async function readRevisions(client: HttpClient, workload: Workload, signal: AbortSignal): Promise<Revision[]> {
  const { namespace, uid } = workload.object.metadata;
  const isOwned = (object: KubeObject): boolean =>
    object.metadata?.ownerReferences?.some((owner) => owner.controller && owner.uid === uid) ?? false;
  const revisions =
    workload.kind === 'Deployment'
      ? (await client.list(replicaSets, { namespace, signal })).items.filter(isOwned).flatMap(ofReplicaSet)
      : (await client.list(controllerRevisions, { namespace, signal })).items.filter(isOwned).map(ofControllerRevision);
  return revisions.sort((a, b) => a.number - b.number);
}

function ofReplicaSet({ metadata, spec }: V1ReplicaSet): Revision[] {
  const annotations = metadata?.annotations ?? {};
  const number = Number(annotations[revisionAnnotation] ?? 0);
  // Without a number it is not part of the history yet.
  if (!(number > 0)) return [];
  return [{ number, changeCause: annotations[changeCauseAnnotation], template: spec?.template, annotations }];
}

function ofControllerRevision({ metadata, revision, data }: V1ControllerRevision): Revision {
  const annotations = metadata?.annotations ?? {};
  return { number: revision, changeCause: annotations[changeCauseAnnotation], template: templateIn(data), annotations };
}

/** The data is a patch of the whole object: `{"spec":{"template":{…,"$patch":"replace"}}}`. */
function templateIn(data: unknown): V1PodTemplateSpec | undefined {
  const template = isJsonObject(data) && isJsonObject(data.spec) ? data.spec.template : undefined;
  if (!isJsonObject(template)) return undefined;
  const { $patch: _, ...rest } = template;
  return rest;
}
