import type { V1Pod } from '#api/generated/types.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import type { Informer } from '#client/informer.ts';
import { controllerOf } from './owners.ts';

/** Index by the controller's UID; objects without one are found under their namespace. */
export const controllerIndex = 'controller';

export const controllerIndexes = {
  [controllerIndex]: (object: KubeObject): readonly string[] => [
    controllerOf(object)?.uid ?? orphansOf(object.metadata?.namespace ?? ''),
  ],
};

const orphansOf = (namespace: string): string => `orphans in ${namespace}`;

/** What `owner` controls, and what nobody controls in its namespace. */
export const ownedAndOrphans = <T extends KubeObject>(
  informer: Informer<T>,
  owner: Stored<KubeObject>,
): readonly Stored<T>[] => [
  ...informer.byIndex(controllerIndex, owner.metadata.uid),
  ...informer.byIndex(controllerIndex, orphansOf(owner.metadata.namespace ?? '')),
];

/** Index of pods by the node they are placed on. */
export const nodeIndex = 'node';

export const nodeIndexes = {
  [nodeIndex]: (pod: V1Pod): readonly string[] => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]),
};
