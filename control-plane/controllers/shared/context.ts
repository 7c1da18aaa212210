import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import type { InformerFactory } from '#client/informer.ts';

/** What every controller is given. */
export interface ControllerContext {
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: EventRecorder;
}

/** After an outage everything goes on within this time, however many attempts have failed meanwhile. */
export const retries = { retryMaxMs: 30_000 };
