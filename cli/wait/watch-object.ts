import type { KubeObject, ObjectKey, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isExpired, isNotFound } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import type { CliContext } from '../command.ts';

/**
 * Follows one object until `reached` says so of it (undefined: it is gone). Returns false when `timeoutMs` is over first.
 * No polling: each state of the object is looked at once.
 */
export async function watchObject(
  context: CliContext,
  client: HttpClient,
  type: ResourceType,
  key: ObjectKey,
  reached: (object: Stored<KubeObject> | undefined) => boolean,
  timeoutMs: number | undefined,
): Promise<boolean> {
  const deadline = new AbortController();
  const timer = timeoutMs === undefined ? undefined : context.clock.setTimer(timeoutMs, () => deadline.abort());
  const signal = AbortSignal.any([context.signal, deadline.signal]);
  try {
    while (!signal.aborted) if (await followOnce(client, type, key, reached, signal)) return true;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    timer?.cancel();
  }
  context.signal.throwIfAborted();
  return false;
}

async function followOnce(
  client: HttpClient,
  type: ResourceType,
  key: ObjectKey,
  reached: (object: Stored<KubeObject> | undefined) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const fieldSelector = `metadata.name=${key.name}`;
  const list = await client.list(type, { namespace: key.namespace, fieldSelector, signal });
  if (reached(list.items[0])) return true;
  const from = { namespace: key.namespace, fieldSelector, resourceVersion: list.metadata.resourceVersion, signal };
  try {
    for await (const event of client.watch(type, from)) {
      if (event.type === 'BOOKMARK') continue;
      if (reached(event.type === 'DELETED' ? undefined : event.object)) return true;
    }
  } catch (error) {
    if (!isExpired(error) && !isNotFound(error)) throw error;
  }
  return false;
}
