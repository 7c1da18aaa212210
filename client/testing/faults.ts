import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { expired, StatusError, serviceUnavailable, tooManyRequests } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient, WatchOptions } from '../api-client.ts';

/** How often what goes wrong, each a share of 1 of all calls (or of all watch events). */
export interface FaultMix {
  /** The request is refused or does not arrive: nothing happens. */
  readonly refused: number;
  /** The request is carried out, and the answer is lost. */
  readonly answerLost: number;
  /** The request is carried out twice, as by a proxy that retries; the second answer is the one that is seen. */
  readonly twice: number;
  /** A call, or a watch event, takes up to `delayMaxMs` longer. */
  readonly delayed: number;
  readonly delayMaxMs: number;
  /** A watch ends before an event, without an error or with Expired. */
  readonly watchCut: number;
  /** A watch event comes twice. */
  readonly eventTwice: number;
}

export const noFaults: FaultMix = {
  refused: 0,
  answerLost: 0,
  twice: 0,
  delayed: 0,
  delayMaxMs: 0,
  watchCut: 0,
  eventTwice: 0,
};

export interface FaultyClientOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Asked for every call, so that faults can begin and end. */
  readonly mix: () => FaultMix;
  /** The process that the client belongs to: after it has aborted, nothing that is still running in it reaches the server. */
  readonly process?: AbortSignal | undefined;
}

/** Any ApiClient with faults drawn from a seed. What it breaks, it breaks as a network or a crash would. */
export function createFaultyClient(client: ApiClient, options: FaultyClientOptions): ApiClient {
  const { clock, random, mix, process } = options;
  const happens = (share: number): boolean => share > 0 && random.next() < share;

  const pause = async (faults: FaultMix): Promise<void> => {
    if (happens(faults.delayed)) await clock.sleep(random.next() * faults.delayMaxMs, process);
  };

  const call = async <R>(request: () => Promise<R>): Promise<R> => {
    process?.throwIfAborted();
    const faults = mix();
    await pause(faults);
    if (happens(faults.refused)) {
      throw random.next() < 0.5 ? serviceUnavailable('injected: not reached') : tooManyRequests('injected: busy', 1);
    }
    const twice = happens(faults.twice);
    const lost = happens(faults.answerLost);
    // The first of two answers is never seen, an error neither.
    if (twice) await request().then(ignore, ignore);
    const answer = await request();
    await pause(faults);
    process?.throwIfAborted();
    if (lost) throw new StatusError(504, 'Timeout', 'injected: the answer was lost');
    return answer;
  };

  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    watchOptions: WatchOptions,
  ): AsyncGenerator<WatchEvent<Stored<T>>> {
    process?.throwIfAborted();
    await pause(mix());
    for await (const event of client.watch(type, watchOptions)) {
      const faults = mix();
      await pause(faults);
      process?.throwIfAborted();
      if (happens(faults.watchCut)) {
        if (random.next() < 0.3) throw expired('injected: too old resource version');
        return;
      }
      yield event;
      if (event.type !== 'BOOKMARK' && happens(faults.eventTwice)) yield event;
    }
  }

  return {
    watch,
    get: (type, key, o) => call(() => client.get(type, key, o)),
    list: (type, o) => call(() => client.list(type, o)),
    create: (type, object, o) => call(() => client.create(type, object, o)),
    update: (type, object, o) => call(() => client.update(type, object, o)),
    updateStatus: (type, object, o) => call(() => client.updateStatus(type, object, o)),
    patch: (type, key, patch, o) => call(() => client.patch(type, key, patch, o)),
    delete: (type, key, o) => call(() => client.delete(type, key, o)),
    deleteCollection: (type, o) => call(() => client.deleteCollection(type, o)),
    createSubresource: (type, key, subresource, body, o) =>
      call(() => client.createSubresource(type, key, subresource, body, o)),
    getSubresource: (type, key, subresource, o) => call(() => client.getSubresource(type, key, subresource, o)),
    updateSubresource: (type, key, subresource, body, o) =>
      call(() => client.updateSubresource(type, key, subresource, body, o)),
  };
}

const ignore = (): void => {};
