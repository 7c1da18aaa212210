import { fieldInvalid } from '#api/field-error.ts';
import type { V1Scale } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { formatLabelSelector, fromLabelSelectorObject } from '#api/selectors/labels.ts';
import { conflict, invalid } from '#api/status-error.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.ts';

const scaleDefinition = (definition: ResourceDefinition): SubresourceDefinition | undefined =>
  definition.subresources.find((one) => one.style === 'scale');

/** The autoscaling/v1 Scale of an object that has spec.replicas. */
export function scaleOf(definition: ResourceDefinition, object: KubeObject): V1Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  const selector = scaleDefinition(definition)?.selectorFrom?.(object) ?? selectorText(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: count(object, 'spec', 'replicas') },
    status: { replicas: count(object, 'status', 'replicas'), ...(selector && { selector }) },
  };
}

/**
 * The object with the scale's number of replicas. 409 when the scale names another version or uid than `current`, 422 for a
 * number that cannot be. For `registry.modify`.
 */
export function withScale<T extends KubeObject>(definition: ResourceDefinition<T>, current: T, scale: V1Scale): T {
  const { metadata } = current;
  const name = metadata?.name ?? '';
  const { uid, resourceVersion } = scale.metadata ?? {};
  if (uid && uid !== metadata?.uid) {
    throw conflict(
      definition.type,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata?.uid}`,
    );
  }
  const replicas = scale.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw invalid('Scale', 'autoscaling', name, [
      fieldInvalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const spec = partOf(current, 'spec');
  return {
    ...current,
    metadata: { ...metadata, resourceVersion: resourceVersion || metadata?.resourceVersion },
    spec: { ...spec, replicas },
  };
}

function partOf(object: KubeObject, part: 'spec' | 'status'): Record<string, unknown> {
  const value: unknown = Reflect.get(object, part);
  return isJsonObject(value) ? value : {};
}

function count(object: KubeObject, part: 'spec' | 'status', field: string): number {
  const value = partOf(object, part)[field];
  return typeof value === 'number' ? value : 0;
}

function selectorText(object: KubeObject): string {
  const { selector } = partOf(object, 'spec');
  return isJsonObject(selector) ? formatLabelSelector(fromLabelSelectorObject(selector)) : '';
}
