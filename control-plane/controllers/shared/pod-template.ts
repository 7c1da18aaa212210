import type { V1Pod, V1PodTemplateSpec } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { Random } from '#base/random.ts';
import { controllerRef } from './owners.ts';

/** The server cuts generated names at 63 characters, of which 5 are random. */
const baseLengthMax = 58;

/** As the server would draw it from generateName: a create whose answer is lost can then be looked for. */
export const drawPodName = ({ metadata }: Stored<KubeObject>, random: Random): string =>
  `${generateNameOf(metadata.name).slice(0, baseLengthMax)}${random.suffix(5)}`;

/** A pod of `owner` as the template wants it; `labels` come on top of the template's. */
export function podFromTemplate<T extends KubeObject>(
  type: ResourceType<T>,
  owner: Stored<T>,
  { metadata = {}, spec }: V1PodTemplateSpec,
  { name, labels }: { readonly name: string; readonly labels?: Readonly<Record<string, string>> },
): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: generateNameOf(owner.metadata.name),
      name,
      namespace: owner.metadata.namespace,
      ...((metadata.labels ?? labels) && { labels: { ...metadata.labels, ...labels } }),
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerRef(type, owner)],
    },
    ...(spec && { spec }),
  };
}

const generateNameOf = (owner: string): string => `${owner}-`;
