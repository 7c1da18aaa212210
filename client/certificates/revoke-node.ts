import { certificateDaysMax, revokedNodesName } from '#api/certificates.ts';
import { configMaps } from '#api/kinds.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ApiClient } from '../api-client.ts';

const attemptsMax = 10;
const dayMs = 86_400_000;
const secondMs = 1_000;

/**
 * From now on the API server refuses all certificates that were issued to the node until this moment, and cuts what they have
 * open. A machine that joins anew under the name gets a later one, which is accepted. Entries that no certificate can outlive
 * are dropped on the way.
 */
export async function revokeNode(
  client: ApiClient,
  nodeName: string,
  clock: Pick<Clock, 'now'>,
  signal?: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await writeOnce(client, nodeName, clock.now(), signal);
      return;
    } catch (error) {
      // Somebody else wrote in the same moment.
      if (attempt === attemptsMax || !(isConflict(error) || isAlreadyExists(error))) throw error;
    }
  }
}

async function writeOnce(client: ApiClient, nodeName: string, nowMs: number, signal?: AbortSignal): Promise<void> {
  const current = await client.get(configMaps, revokedNodesName, { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const kept = Object.entries(current?.data ?? {}).filter(
    ([, time]) => !(Date.parse(time) + certificateDaysMax * dayMs < nowMs),
  );
  // One that was issued since the last time may show to be a second later than it is.
  const last = Date.parse(current?.data?.[nodeName] ?? '') + secondMs;
  const revokedMs = last > nowMs ? last : nowMs;
  const data = { ...Object.fromEntries(kept), [nodeName]: new Date(revokedMs).toISOString() };
  if (current) await client.update(configMaps, { ...current, data }, { signal });
  else await client.create(configMaps, { metadata: { ...revokedNodesName }, data }, { signal });
}

/** When the certificates of a node were revoked last, in milliseconds since the epoch. */
export async function revokedAt(
  client: ApiClient,
  nodeName: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const { data } = await client.get(configMaps, revokedNodesName, { signal });
    const time = data?.[nodeName];
    return time === undefined ? undefined : Date.parse(time);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
