import type { EventRecorder } from '#client/event-recorder.ts';

/** The recorder, with somebody who hears what it is given, before it decides what to send. */
export const heard = (
  recorder: EventRecorder,
  hear: (about: string, reason: string, message: string, type: string) => void,
): EventRecorder => ({
  ...recorder,
  record(object, type, reason, message, options) {
    hear(object.metadata?.name ?? '', reason, message, type);
    recorder.record(object, type, reason, message, options);
  },
});
