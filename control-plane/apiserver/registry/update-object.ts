import type { V1ObjectMeta } from '#api/generated/types.ts';
import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import { validateObjectMetaUpdate } from '#api/names.ts';
import { invalid, isNotFound, staleVersion } from '#api/status-error.ts';
import { type AdmissionOutcome, type AdmissionRequest, admitAll, settleAll } from './admission.ts';
import { createObject } from './create-object.ts';
import { isFinished } from './deletion.ts';
import { copyJson } from './json-values.ts';
import { prepareMetadataForUpdate } from './metadata.ts';
import { isNamespaceFinished } from './namespace-rules.ts';
import type { KindParts } from './parts.ts';
import type { RequestContext, WriteQuery, WriteResult } from './registry.ts';
import { changeObject, type Decision } from './write.ts';

export type UpdateQuery = WriteQuery & { readonly subresource?: string | undefined };

/** PUT: takes `object` over. */
export async function updateObject<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  object: T,
  query: UpdateQuery,
): Promise<WriteResult<T>> {
  const { strategy, type } = parts.definition;
  const asked = object.metadata?.resourceVersion || undefined;
  if (!asked && strategy.allowUnconditionalUpdate === false) throw mustHaveVersion(type.kind, type.group, key.name);
  try {
    return await change(parts, context, key, query, (current) => {
      if (asked && asked !== current.metadata.resourceVersion) throw staleVersion(type, key.name);
      // Without a version it may be tried on several current objects, and every attempt changes it.
      return asked ? object : copyJson(object);
    });
  } catch (error) {
    if (!strategy.allowCreateOnUpdate || query.subresource || !isNotFound(error)) throw error;
    if (error.status.details?.kind !== type.resource) throw error;
    object.metadata = { ...object.metadata, name: object.metadata?.name || key.name };
    return { entry: await createObject(parts, context, object, key.namespace, query), created: true };
  }
}

/** An optimistic loop around a pure function of the current object. */
export function modifyObject<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  modify: (current: T) => T,
  query: UpdateQuery,
): Promise<WriteResult<T>> {
  const { type } = parts.definition;
  return change(parts, context, key, query, (current) => {
    const wanted = modify(copyJson<T>(current));
    const asked = wanted.metadata?.resourceVersion;
    if (asked && asked !== current.metadata.resourceVersion) throw staleVersion(type, key.name);
    return wanted;
  });
}

async function change<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  query: UpdateQuery,
  wantedFrom: (current: Stored<T>) => T,
): Promise<WriteResult<T>> {
  const dryRun = query.dryRun ?? false;
  const { admission } = parts.services;
  const warnings: string[] = [];
  let admitted: AdmissionRequest | undefined;
  /** One attempt that was admitted is over. */
  const settle = async (outcome: AdmissionOutcome): Promise<void> => {
    const request = admitted;
    admitted = undefined;
    if (request) await settleAll(admission, request, outcome);
  };
  const decide = async (current: Stored<T>): Promise<Decision<T>> => {
    warnings.length = 0;
    await settle('refused');
    const object = wantedFrom(current);
    await prepare(parts, context, key, object, current, query, warnings, (request) => {
      admitted = request;
    });
    const finished = isNamespaces(parts) ? isNamespaceFinished(object, current) : isFinished(object, current);
    return finished ? { kind: 'remove', last: object } : { kind: 'write', object };
  };
  try {
    const { kind, entry } = await changeObject(parts, context, key, decide, dryRun);
    await settle(kind === 'removed' ? 'removed' : 'written');
    context.warnings.push(...warnings);
    return { entry, created: false };
  } catch (error) {
    await settle('refused');
    throw error;
  }
}

/** Everything between what the client sent and what may be written; `object` is changed. */
async function prepare<T extends KubeObject>(
  { definition, services }: KindParts<T>,
  context: RequestContext,
  key: ObjectKey,
  object: T,
  current: Stored<T>,
  { subresource, dryRun = false }: UpdateQuery,
  warnings: string[],
  onAdmitted: (request: AdmissionRequest) => void,
): Promise<void> {
  const { strategy, type } = definition;
  const strategyContext = { nowMs: services.clock.now(), subresource };
  prepareMetadataForUpdate(object, current, key, type);
  strategy.default?.(object);
  strategy.prepareForUpdate?.(object, current, strategyContext);
  const operation = 'UPDATE';
  const request: AdmissionRequest = { definition, operation, context, key, subresource, object, old: current, dryRun };
  await admitAll(services.admission, request);
  onAdmitted(request);
  const metadata: V1ObjectMeta = object.metadata ?? {};
  const own =
    subresource === 'status' && strategy.validateStatus
      ? strategy.validateStatus(object, current, strategyContext)
      : [
          ...(strategy.validate?.(object, strategyContext) ?? []),
          ...(strategy.validateUpdate?.(object, current, strategyContext) ?? []),
        ];
  const errors = [...validateObjectMetaUpdate(metadata, current.metadata, 'metadata'), ...own];
  if (errors.length) throw invalid(type.kind, type.group, key.name, errors);
  warnings.push(...(strategy.warnings?.(object, current, strategyContext) ?? []));
}

const isNamespaces = <T extends KubeObject>({ definition: { type } }: KindParts<T>): boolean =>
  type.group === '' && type.resource === 'namespaces';

function mustHaveVersion(kind: string, group: string, name: string) {
  const message = 'Invalid value: 0: must be specified for an update';
  return invalid(kind, group, name, [{ reason: 'FieldValueInvalid', field: 'metadata.resourceVersion', message }]);
}
