import type { V1ObjectMeta } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { badRequest, conflict, type ResourceName } from '#api/status-error.ts';
import type { Random } from '#base/random.ts';

/** Kubernetes' times have whole seconds. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const suffixLength = 5;
const generatedBaseMax = 63 - suffixLength;

export const generateName = (base: string, random: Random): string =>
  `${base.slice(0, generatedBaseMax)}${random.suffix(suffixLength)}`;

/** Sets what the server alone decides about a new object; `object` is changed. */
export function prepareMetadataForCreate(
  object: KubeObject,
  namespace: string | undefined,
  { random, nowMs }: { readonly random: Random; readonly nowMs: number },
): V1ObjectMeta {
  const metadata = object.metadata ?? {};
  object.metadata = metadata;
  if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  matchNamespace(metadata, namespace);
  metadata.uid = random.uuid();
  metadata.creationTimestamp = timestamp(nowMs);
  if (metadata.deletionTimestamp !== undefined) metadata.deletionTimestamp = undefined;
  if (metadata.deletionGracePeriodSeconds !== undefined) metadata.deletionGracePeriodSeconds = undefined;
  return metadata;
}

/** Checks that the object is the one the request names, and fills in what an update may leave out; `object` is changed. */
export function prepareMetadataForUpdate(
  object: KubeObject,
  old: KubeObject,
  key: ObjectKey,
  type: ResourceName,
): void {
  const metadata = object.metadata ?? {};
  object.metadata = metadata;
  const before = old.metadata ?? {};
  if (metadata.name && metadata.name !== key.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${key.name})`);
  }
  metadata.name = key.name;
  matchNamespace(metadata, key.namespace);
  if (metadata.uid && metadata.uid !== before.uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${before.uid}`;
    throw conflict(type, key.name, why);
  }
  metadata.uid = before.uid;
  metadata.creationTimestamp ||= before.creationTimestamp;
  metadata.deletionTimestamp ??= before.deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  metadata.resourceVersion ||= before.resourceVersion;
  metadata.generation = before.generation;
}

function matchNamespace(metadata: V1ObjectMeta, namespace: string | undefined): void {
  if (namespace === undefined) return;
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace;
}
