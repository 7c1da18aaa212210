import type { V1DaemonSet, V1Deployment, V1PodTemplateSpec, V1StatefulSet } from '#api/generated/types.ts';
import { daemonSets, deployments, statefulSets } from '#api/kinds.ts';
import type { ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { HttpClient } from '#client/http-client.ts';
import { CliError } from '../command.ts';
import { qualifiedName } from '../resources/names.ts';
import type { Selected } from '../resources/select.ts';

/** What can be rolled out: a kind whose pods follow a template. */
export type Workload =
  | { readonly kind: 'Deployment'; readonly object: Stored<V1Deployment> }
  | { readonly kind: 'DaemonSet'; readonly object: Stored<V1DaemonSet> }
  | { readonly kind: 'StatefulSet'; readonly object: Stored<V1StatefulSet> };

/** Reads the object. Throws a CliError that names the verb for every other kind. */
export async function readWorkload(
  client: HttpClient,
  { type, key }: Selected,
  verb: string,
  signal: AbortSignal,
): Promise<Workload> {
  switch (workloadKind(type, verb)) {
    case 'Deployment':
      return { kind: 'Deployment', object: await client.get(deployments, key, { signal }) };
    case 'DaemonSet':
      return { kind: 'DaemonSet', object: await client.get(daemonSets, key, { signal }) };
    case 'StatefulSet':
      return { kind: 'StatefulSet', object: await client.get(statefulSets, key, { signal }) };
  }
}

/** Throws a CliError that names the verb for a kind that has no rollouts. */
export function workloadKind(type: ResourceType, verb: string): Workload['kind'] {
  const { kind, group } = type;
  if (group === 'apps' && (kind === 'Deployment' || kind === 'DaemonSet' || kind === 'StatefulSet')) return kind;
  throw new CliError(`${type.resource} cannot be used with rollout ${verb}`, {
    fix: 'It works on deployments, daemonsets and statefulsets',
  });
}

/** `deployment.apps/web`. */
export const nameOf = (type: ResourceType, key: ObjectKey): string => `${qualifiedName(type)}/${key.name}`;

export const templateOf = (workload: Workload): V1PodTemplateSpec | undefined => workload.object.spec?.template;
