import type { V1Pod, V1ReplicaSet } from '#api/generated/types.ts';
import { replicaSets } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { Random } from '#base/random.ts';
import { controllerRef } from '../shared/owners.ts';

/** The server cuts generated names at 63 characters, of which 5 are random. */
const baseLengthMax = 58;

/**
 * A pod as the template wants it. Its name is drawn here as the server would draw it from generateName: a create whose
 * answer is lost can then be looked for.
 */
export function podFromTemplate(replicaSet: Stored<V1ReplicaSet>, random: Random): V1Pod {
  const { metadata = {}, spec } = replicaSet.spec?.template ?? {};
  const generateName = `${replicaSet.metadata.name}-`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName,
      name: `${generateName.slice(0, baseLengthMax)}${random.suffix(5)}`,
      namespace: replicaSet.metadata.namespace,
      ...(metadata.labels && { labels: metadata.labels }),
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerRef(replicaSets, replicaSet)],
    },
    ...(spec && { spec }),
  };
}
