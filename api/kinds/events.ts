import type { EventsV1Event } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const groupEvents = resourceType<EventsV1Event>('events.k8s.io', 'v1', 'events', 'Event', {
  shortNames: ['ev'],
  model: 'EventsV1Event',
});
