import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { validateObjectMeta } from '#api/names.ts';
import { alreadyExists, badRequest, invalid, isAlreadyExists, StatusError } from '#api/status-error.ts';
import { type AdmissionRequest, admitAll, settleAll } from './admission.ts';
import { copyJson } from './json-values.ts';
import { generateName, prepareMetadataForCreate } from './metadata.ts';
import { checkMayHold } from './namespace-rules.ts';
import type { KindParts } from './parts.ts';
import type { CachedObject, RequestContext, WriteQuery } from './registry.ts';
import { storageKeyOf } from './storage-key.ts';
import { toStatusError } from './store-errors.ts';
import { announced } from './write.ts';

/** As kube-apiserver: how many names are tried before a generated one is reported as taken. */
const generatedNamesMax = 8;

/** Takes `object` over and changes it. */
export async function createObject<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  object: T,
  namespace: string | undefined,
  query: WriteQuery,
): Promise<CachedObject<T>> {
  const { name, generateName: base } = object.metadata ?? {};
  if (name || !base) return createNamed(parts, context, object, namespace, query);
  for (let tried = 1; ; tried++) {
    // Much is derived from the name: every attempt starts with what the client sent.
    const attempt = copyJson(object);
    attempt.metadata = { ...attempt.metadata, name: generateName(base, parts.services.random) };
    try {
      return await createNamed(parts, context, attempt, namespace, query);
    } catch (error) {
      if (!isAlreadyExists(error) || error.status.details?.name !== attempt.metadata.name) throw error;
      if (tried === generatedNamesMax) throw noUniqueName(error);
    }
  }
}

async function createNamed<T extends KubeObject>(
  parts: KindParts<T>,
  context: RequestContext,
  object: T,
  namespace: string | undefined,
  { dryRun = false }: WriteQuery,
): Promise<CachedObject<T>> {
  const { definition, services } = parts;
  const { strategy, type } = definition;
  const nowMs = services.clock.now();
  const metadata = prepareMetadataForCreate(object, namespace, { random: services.random, nowMs });
  const { name = '' } = metadata;
  if (type.namespaced) {
    const holder = metadata.namespace;
    if (!holder) throw badRequest('an empty namespace may not be set during creation');
    checkMayHold(await services.namespace(holder, context.signal), holder, type, name);
  }
  strategy.default?.(object);
  strategy.prepareForCreate?.(object, { nowMs });
  const key: ObjectKey = { namespace: metadata.namespace, name };
  const request: AdmissionRequest = { definition, operation: 'CREATE', context, key, object, dryRun };
  await admitAll(services.admission, request);
  try {
    const errors = [
      ...validateObjectMeta(metadata, type.namespaced, strategy.nameRule ?? 'dns-subdomain', 'metadata'),
      ...(strategy.validate?.(object, { nowMs }) ?? []),
    ];
    if (errors.length) throw invalid(type.kind, type.group, name, errors);
    context.warnings.push(...(strategy.warnings?.(object, undefined, { nowMs }) ?? []));
    const entry = await insert(parts, context, object, dryRun);
    await settleAll(services.admission, request, 'written');
    return entry;
  } catch (error) {
    await settleAll(services.admission, request, 'refused');
    throw error;
  }
}

async function insert<T extends KubeObject>(
  parts: KindParts<T>,
  { signal }: RequestContext,
  object: T,
  dryRun: boolean,
): Promise<CachedObject<T>> {
  const { definition, services, codec } = parts;
  const { namespace, name = '' } = object.metadata ?? {};
  const storageKey = storageKeyOf(definition, { namespace, name });
  try {
    if (dryRun) {
      if (await services.store.get(storageKey, { signal })) throw alreadyExists(definition.type, name);
      return codec.preview(object);
    }
    const draft = codec.encode(object);
    const { ttlSeconds } = definition;
    return await announced(parts, storageKey, draft, () =>
      services.store.create(storageKey, draft.value, { signal, ttlSeconds }),
    );
  } catch (error) {
    throw toStatusError(error, definition.type, name);
  }
}

function noUniqueName({ status }: StatusError): StatusError {
  const message = `${status.message}, the server was not able to generate a unique name for the object`;
  return new StatusError(409, 'AlreadyExists', message, status.details);
}
