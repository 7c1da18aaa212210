import { events } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const eventResource = defineResource({
  type: events,
  ttlSeconds: 3600,
});
