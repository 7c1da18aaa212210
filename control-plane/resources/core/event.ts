import type { CoreV1Event } from '#api/generated/types.ts';
import { events } from '#api/kinds.ts';
import { validateEvent } from '#api/validation/event.ts';
import { ageOf, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

const firstSeen = (event: CoreV1Event): string | undefined => event.firstTimestamp ?? event.eventTime;

const lastSeen = (event: CoreV1Event): string | undefined =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);

function sourceOf({ source, reportingComponent, reportingInstance }: CoreV1Event): string {
  const component = source?.component || reportingComponent || '';
  const instance = source?.component ? source.host : reportingInstance;
  return instance ? `${component}, ${instance}` : component;
}

const objectOf = ({ involvedObject: about }: CoreV1Event): string =>
  about?.name ? `${(about.kind ?? '').toLowerCase()}/${about.name}` : (about?.kind ?? '').toLowerCase();

export const eventResource = defineResource<CoreV1Event>({
  type: events,
  ttlSeconds: 3600,
  readSeldom: true,
  strategy: {
    validate: validateEvent,
    selectableFields: {
      'involvedObject.kind': (event) => event.involvedObject?.kind ?? '',
      'involvedObject.namespace': (event) => event.involvedObject?.namespace ?? '',
      'involvedObject.name': (event) => event.involvedObject?.name ?? '',
      'involvedObject.uid': (event) => event.involvedObject?.uid ?? '',
      'involvedObject.apiVersion': (event) => event.involvedObject?.apiVersion ?? '',
      'involvedObject.resourceVersion': (event) => event.involvedObject?.resourceVersion ?? '',
      'involvedObject.fieldPath': (event) => event.involvedObject?.fieldPath ?? '',
      'regarding.kind': (event) => event.involvedObject?.kind ?? '',
      'regarding.namespace': (event) => event.involvedObject?.namespace ?? '',
      'regarding.name': (event) => event.involvedObject?.name ?? '',
      'regarding.uid': (event) => event.involvedObject?.uid ?? '',
      reason: (event) => event.reason ?? '',
      reportingComponent: (event) => event.reportingComponent ?? '',
      reportingController: (event) => event.reportingComponent ?? '',
      source: (event) => event.source?.component || event.reportingComponent || '',
      type: (event) => event.type ?? '',
    },
  },
  columns: [
    column('Last Seen', (event, nowMs) => ageOf(lastSeen(event), nowMs)),
    column('Type', (event) => event.type ?? ''),
    column('Reason', (event) => event.reason ?? ''),
    column('Object', objectOf),
    column('Subobject', (event) => event.involvedObject?.fieldPath ?? '', { wide: true }),
    column('Source', sourceOf, { wide: true }),
    column('Message', (event) => (event.message ?? '').trim()),
    column('First Seen', (event, nowMs) => ageOf(firstSeen(event), nowMs), { wide: true }),
    column('Count', (event) => event.series?.count || event.count || 1, { wide: true, type: 'integer' }),
    { ...nameColumn(), priority: 1 },
  ],
});
