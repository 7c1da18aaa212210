import type { KubeObject, Stored } from '#api/meta.ts';

/** Where controllers tell users what they did. Never fails and never waits; client/events has the real one. */
export interface EventSink {
  event(object: Stored<KubeObject>, type: 'Normal' | 'Warning', reason: string, message: string): void;
}
