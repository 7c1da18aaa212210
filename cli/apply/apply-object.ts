import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { createThreeWayPatch } from '#api/patch/three-way.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { WriteOptions } from '#client/api-client.ts';
import type { HttpClient } from '#client/http-client.ts';
import { lastAppliedAnnotation } from './last-applied.ts';

export type ApplyOutcome = 'created' | 'configured' | 'unchanged';

export interface Applied {
  readonly outcome: ApplyOutcome;
  readonly object: KubeObject;
}

const attemptsMax = 5;

/**
 * Brings one object to its manifest: creates it, or patches what differs from the manifest and removes what the last
 * manifest had and this one has not. What others set in the object stays. Somebody who is faster is met by a new attempt.
 */
export async function applyObject(
  client: HttpClient,
  type: ResourceType,
  manifest: KubeObject,
  options: WriteOptions,
): Promise<Applied> {
  const modified = withLastApplied(manifest);
  const key: ObjectKey = { namespace: manifest.metadata?.namespace, name: manifest.metadata?.name ?? '' };
  for (let attempt = 1; ; attempt++) {
    try {
      const current = await client.get(type, key, { signal: options.signal }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (!current) return { outcome: 'created', object: await client.create(type, modified, options) };
      return await patchObject(client, type, key, modified, current, options);
    } catch (error) {
      const raced = isConflict(error) || isAlreadyExists(error);
      if (!raced || attempt === attemptsMax) throw error;
    }
  }
}

async function patchObject(
  client: HttpClient,
  type: ResourceType,
  key: ObjectKey,
  modified: KubeObject,
  current: KubeObject,
  options: WriteOptions,
): Promise<Applied> {
  const body = createThreeWayPatch(lastApplied(current), asRecord(modified), asRecord(current), type.model);
  if (Object.keys(body).length === 0) return { outcome: 'unchanged', object: current };
  const patched = await client.patch(type, key, { type: type.model ? 'strategic' : 'merge', body }, options);
  // The server may understand two spellings of one value as the same (1000m and 1): then nothing was written.
  const same = patched.metadata.resourceVersion === current.metadata?.resourceVersion;
  return { outcome: same && !options.dryRun ? 'unchanged' : 'configured', object: patched };
}

/** The annotation holds the manifest as the user wrote it, without the annotation itself. */
function withLastApplied(manifest: KubeObject): KubeObject {
  const { [lastAppliedAnnotation]: _, ...annotations } = manifest.metadata?.annotations ?? {};
  const plain = { ...manifest, metadata: { ...manifest.metadata, annotations } };
  const text = `${JSON.stringify(plain)}\n`;
  return { ...plain, metadata: { ...plain.metadata, annotations: { ...annotations, [lastAppliedAnnotation]: text } } };
}

/** Of an object that was not made by `apply`, or whose annotation is damaged: nothing is known. */
function lastApplied(current: KubeObject): Record<string, unknown> {
  const text = current.metadata?.annotations?.[lastAppliedAnnotation];
  if (text === undefined) return {};
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}

const asRecord = (value: unknown): Record<string, unknown> => (isJsonObject(value) ? value : {});
