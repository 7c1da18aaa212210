import type { KubeObject, Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isExpired } from '#api/status-error.ts';
import type { ApiClient, ListOptions } from '../api-client.ts';

const pageSize = 500;

/** Every object in the scope, all read at one version. Pages that expire while they are read are read again as one. */
export async function listAll<T extends KubeObject>(
  client: ApiClient,
  type: ResourceType<T>,
  scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>,
  signal: AbortSignal,
): Promise<{ items: readonly Stored<T>[]; version: string }> {
  const items: Stored<T>[] = [];
  let token: string | undefined;
  for (;;) {
    try {
      const page = await client.list(type, { ...scope, limit: pageSize, continue: token, signal });
      for (const item of page.items) items.push(item);
      token = page.metadata.continue;
      if (!token) return { items, version: page.metadata.resourceVersion ?? '' };
    } catch (error) {
      if (!token || !isExpired(error)) throw error;
      const whole = await client.list(type, { ...scope, signal });
      return { items: whole.items, version: whole.metadata.resourceVersion ?? '' };
    }
  }
}
