import type { V1LabelSelector } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { fromLabelSelectorObject, matchesLabels } from '#api/selectors/labels.ts';
import type { Informer } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import { controllerKey, controllerOf } from './owners.ts';

interface Selecting extends KubeObject {
  readonly spec?: { readonly selector: V1LabelSelector } | undefined;
}

/** Who of `managers` must look when an object changes: its controller; for one that nobody controls, all who would adopt it. */
export const managersOf =
  <T extends Selecting>(type: ResourceType<T>, managers: Pick<Informer<T>, 'list'>) =>
  (object: Stored<KubeObject>): readonly ObjectKey[] => {
    if (controllerOf(object)) {
      const owner = controllerKey(object, type);
      return owner ? [owner] : [];
    }
    const { namespace, labels = {} } = object.metadata;
    return managers
      .list(namespace)
      .filter(({ spec }) => spec && matchesLabels(fromLabelSelectorObject(spec.selector), labels))
      .map(keyOf);
  };
