import type { CoreV1Event, EventsV1Event } from '#api/generated/types.ts';
import { events, groupEvents } from '#api/kinds.ts';
import { apiVersionOf } from '#api/resource-type.ts';
import { columnsOfHub } from '../columns.ts';
import { eventResource } from '../core/event.ts';
import { defineResource } from '../define.ts';

/** Events that were written through core/v1 often have no eventTime; on the wire it is null then. */
type GroupEvent = Omit<EventsV1Event, 'eventTime'> & { eventTime?: string | null | undefined };

/** The same objects as core/v1 events, under the names of events.k8s.io. */
export const groupEventResource = defineResource<GroupEvent>({
  type: groupEvents,
  storagePath: 'events',
  ttlSeconds: 3600,
  columns: columnsOfHub(eventResource.columns, toCoreEvent),
  viewOf: { hub: { group: '', version: 'v1', resource: 'events' }, toHub: toCoreEvent, fromHub: fromCoreEvent },
});

export function toCoreEvent(event: GroupEvent): CoreV1Event {
  const {
    note,
    regarding,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    eventTime,
    ...same
  } = event;
  return {
    ...same,
    apiVersion: apiVersionOf(events),
    kind: events.kind,
    metadata: event.metadata ?? {},
    involvedObject: regarding ?? {},
    ...(eventTime && { eventTime }),
    ...(note !== undefined && { message: note }),
    ...(deprecatedSource !== undefined && { source: deprecatedSource }),
    ...(deprecatedFirstTimestamp !== undefined && { firstTimestamp: deprecatedFirstTimestamp }),
    ...(deprecatedLastTimestamp !== undefined && { lastTimestamp: deprecatedLastTimestamp }),
    ...(deprecatedCount !== undefined && { count: deprecatedCount }),
    ...(reportingController !== undefined && { reportingComponent: reportingController }),
  };
}

export function fromCoreEvent(event: CoreV1Event): GroupEvent {
  const {
    message,
    involvedObject,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    series,
    eventTime,
    ...rest
  } = event;
  return {
    ...rest,
    apiVersion: apiVersionOf(groupEvents),
    kind: groupEvents.kind,
    regarding: involvedObject,
    eventTime: eventTime ?? null,
    ...(series !== undefined && {
      series: { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? '' },
    }),
    ...(message !== undefined && { note: message }),
    ...(source !== undefined && { deprecatedSource: source }),
    ...(firstTimestamp !== undefined && { deprecatedFirstTimestamp: firstTimestamp }),
    ...(lastTimestamp !== undefined && { deprecatedLastTimestamp: lastTimestamp }),
    ...(count !== undefined && { deprecatedCount: count }),
    ...(reportingComponent !== undefined && { reportingController: reportingComponent }),
  };
}
