import type { V1DeleteOptions, V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { forbidden, notFound, type ResourceName, StatusError } from '#api/status-error.ts';
import type { Strategy } from '#api/strategy.ts';
import { type DeletionPlan, finalizersFor, isFinished, markTerminating, planDeletion } from './deletion.ts';

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** The namespaces that the cluster cannot do without. */
export function checkMayBeDeleted(name: string): void {
  if (immortal.has(name)) throw forbidden(namespaces, name, 'this namespace may not be deleted');
}

/** Nothing new goes into a namespace that is not there or is being emptied. */
export function checkMayHold(
  namespace: Stored<V1Namespace> | undefined,
  namespaceName: string,
  type: ResourceName,
  name: string,
): void {
  if (!namespace) throw notFound(namespaces, namespaceName);
  if (namespace.metadata.deletionTimestamp === undefined && namespace.status?.phase !== 'Terminating') return;
  const why = `unable to create new content in namespace ${namespaceName} because it is being terminated`;
  const { status } = forbidden(type, name, why);
  throw new StatusError(403, 'Forbidden', status.message, {
    ...status.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespaceName} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

/** A namespace first only says that it is terminating; the namespace controller empties it and takes off `kubernetes`. */
export function planNamespaceDeletion<T extends KubeObject>(
  current: Stored<T>,
  strategy: Strategy<T>,
  options: V1DeleteOptions,
  nowMs: number,
): DeletionPlan<T> {
  if (current.metadata.deletionTimestamp !== undefined) {
    return holdsContent(current) ? { kind: 'pending' } : planDeletion(current, strategy, options, nowMs);
  }
  const finalizers = finalizersFor(current.metadata.finalizers ?? [], strategy, options);
  const object = markTerminating(current, finalizers, nowMs, undefined);
  if (isNamespace(object)) object.status = { ...object.status, phase: 'Terminating' };
  return { kind: 'mark', object };
}

export const isNamespaceFinished = (object: KubeObject, old: KubeObject): boolean =>
  isFinished(object, old) && !holdsContent(object);

const holdsContent = (object: KubeObject): boolean => isNamespace(object) && (object.spec?.finalizers?.length ?? 0) > 0;

const isNamespace = (object: KubeObject): object is V1Namespace => object.kind === namespaces.kind;
