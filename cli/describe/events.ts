import { formatAge } from '#api/duration.ts';
import type { CoreV1Event } from '#api/generated/types.ts';
import { events } from '#api/kinds.ts';
import type { KubeObject, Stored } from '#api/meta.ts';
import { StatusError } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import { indent } from './lines.ts';

/** What was recorded of the object, oldest first. */
export async function readEvents(
  client: HttpClient,
  { kind, metadata }: Stored<KubeObject>,
  signal: AbortSignal,
): Promise<CoreV1Event[]> {
  const { name, namespace, uid } = metadata;
  const fields = { 'involvedObject.name': name, 'involvedObject.kind': kind, 'involvedObject.uid': uid };
  const fieldSelector = Object.entries(fields)
    .map(([field, value]) => `${field}=${value}`)
    .join(',');
  try {
    // Events of cluster-scoped objects lie in the default namespace, and a node's carry its name as uid.
    const where = kind === 'Node' ? `involvedObject.name=${name},involvedObject.kind=Node` : fieldSelector;
    return sortEvents((await client.list(events, { namespace, fieldSelector: where, signal })).items);
  } catch (error) {
    // Whoever may see the object need not be allowed to see its events.
    if (error instanceof StatusError && error.code === 403) return [];
    throw error;
  }
}

export const sortEvents = <T extends CoreV1Event>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => lastSeenMs(a) - lastSeenMs(b));

/** In both of the API's ways to count what repeats. */
export function lastSeenMs({ series, lastTimestamp, eventTime, firstTimestamp, metadata }: CoreV1Event): number {
  return Date.parse(
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp ?? '',
  );
}

const firstSeenMs = ({ eventTime, firstTimestamp, metadata }: CoreV1Event): number =>
  Date.parse(firstTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');

export const countOf = ({ count, series }: CoreV1Event): number => series?.count ?? count ?? 1;

/** `5m`, or `2s (x7 over 5m)` for what has repeated. */
export function formatEventAge(event: CoreV1Event, nowMs: number): string {
  const first = firstSeenMs(event);
  const last = lastSeenMs(event);
  if (Number.isNaN(last)) return '<unknown>';
  const age = formatAge(nowMs - last);
  const count = countOf(event);
  return count > 1 && !Number.isNaN(first) ? `${age} (x${count} over ${formatAge(nowMs - first)})` : age;
}

export function eventLines(list: readonly CoreV1Event[], nowMs: number): string[] {
  if (list.length === 0) return ['Events:\t<none>'];
  const rows = list.map((event) => {
    const from = event.source?.component || event.reportingComponent || '';
    const message = (event.message ?? '').trim().split('\n').join(' ');
    return `${event.type ?? ''}\t${event.reason ?? ''}\t${formatEventAge(event, nowMs)}\t${from}\t${message}`;
  });
  return ['Events:', ...indent(['Type\tReason\tAge\tFrom\tMessage', '----\t------\t----\t----\t-------', ...rows])];
}
