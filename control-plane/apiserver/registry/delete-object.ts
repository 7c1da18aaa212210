import type { V1DeleteOptions } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { isNotFound } from '#api/status-error.ts';
import { type AdmissionOutcome, type AdmissionRequest, admitAll, settleAll } from './admission.ts';
import { checkDeleteOptions, checkPreconditions, planDeletion } from './deletion.ts';
import { checkMayBeDeleted, planNamespaceDeletion } from './namespace-rules.ts';
import type { KindParts } from './parts.ts';
import { listObjects } from './read.ts';
import type { CachedObject, DeleteResult, ListQuery, RequestContext } from './registry.ts';
import { changeObject, type Decision } from './write.ts';

/** Deletions of one collection that are under way at once. */
const parallelMax = 32;

export async function deleteObject<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  options: V1DeleteOptions,
): Promise<DeleteResult<T>> {
  const { definition, services } = parts;
  const { type, strategy } = definition;
  checkDeleteOptions(options);
  const isNamespace = type.group === namespaces.group && type.resource === namespaces.resource;
  if (isNamespace) checkMayBeDeleted(key.name);
  const dryRun = options.dryRun?.includes('All') ?? false;
  const plan = isNamespace ? planNamespaceDeletion : planDeletion;
  let admitted: AdmissionRequest | undefined;
  const settle = async (outcome: AdmissionOutcome): Promise<void> => {
    const request = admitted;
    admitted = undefined;
    if (request) await settleAll(services.admission, request, outcome);
  };
  const decide = async (current: CachedObject<T>['object']): Promise<Decision<T>> => {
    await settle('refused');
    checkPreconditions(current, options, type);
    const request: AdmissionRequest = { definition, operation: 'DELETE', context, key, old: current, dryRun };
    await admitAll(services.admission, request);
    admitted = request;
    const planned = plan(current, strategy, options, services.clock.now());
    if (planned.kind === 'mark') return { kind: 'write', object: planned.object };
    return { kind: planned.kind === 'remove' ? 'remove' : 'keep' };
  };
  try {
    const { kind, entry } = await changeObject(parts, context, key, decide, dryRun);
    await settle(kind === 'removed' ? 'removed' : 'written');
    return { entry, gone: kind === 'removed' };
  } catch (error) {
    await settle('refused');
    throw error;
  }
}

/** Deletes what the list selects; what vanishes meanwhile is no error. */
export async function deleteObjects<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  query: ListQuery,
  options: V1DeleteOptions,
): Promise<readonly CachedObject<T>[]> {
  checkDeleteOptions(options);
  const { items } = await listObjects(parts, context, query);
  const deleted: CachedObject<T>[] = [];
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const { object } of queue) {
      const { namespace, name } = object.metadata;
      try {
        deleted.push((await deleteObject(parts, context, { namespace, name }, options)).entry);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelMax, items.length) }, work));
  return deleted;
}
