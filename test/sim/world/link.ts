import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { serviceUnavailable, timeout } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient, WatchOptions } from '#client/api-client.ts';

/** What of the way between a machine and the server is broken: packets are lost, and nobody is told. */
export type Cut = 'none' | 'both' | 'requests' | 'answers';

/** The way of one machine to the server, and the connections on it. */
export interface Link {
  cut: Cut;
  /** For one process; ends with it. */
  client(process: AbortSignal): ApiClient;
  /** Cuts all connections, as a client does that believes them to be dead. */
  reset(): void;
}

/** As the agent's client: without an answer for so long a request fails. */
const answerTimeoutMs = 75_000;
/** A request that was given up is in the kernel's hands, and may arrive all the same once the way is whole. */
const lateShare = 0.3;

export function createLink(server: ApiClient, clock: Clock, random: Random): Link {
  const wakes = new Set<() => void>();
  const connections = new Set<(reason: unknown) => void>();
  let cut: Cut = 'none';

  /** Until `isWhole`; rejects when the signal aborts. */
  const whole = (isWhole: () => boolean, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (isWhole()) end(resolve);
      };
      const onAbort = (): void => end(() => reject(signal?.reason));
      const end = (then: () => void): void => {
        wakes.delete(look);
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      if (signal?.aborted) return reject(signal.reason);
      wakes.add(look);
      signal?.addEventListener('abort', onAbort, { once: true });
      look();
    });

  const requestsPass = (): boolean => cut === 'none' || cut === 'answers';
  const answersPass = (): boolean => cut === 'none' || cut === 'requests';

  /** A signal that aborts with any of the given ones, when the connection is cut, and after the time-out if there is one. */
  const connect = (signals: readonly (AbortSignal | undefined)[], limitMs?: number) => {
    const controller = new AbortController();
    const abort = (reason: unknown): void => controller.abort(reason);
    const listeners = signals.map((signal) => {
      const onAbort = (): void => abort(signal?.reason);
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      return () => signal?.removeEventListener('abort', onAbort);
    });
    const timer =
      limitMs === undefined ? undefined : clock.setTimer(limitMs, () => abort(timeout('no answer in time')));
    connections.add(abort);
    return {
      signal: controller.signal,
      close() {
        connections.delete(abort);
        timer?.cancel();
        for (const remove of listeners) remove();
      },
    };
  };

  const send = async <R>(
    process: AbortSignal,
    signal: AbortSignal | undefined,
    request: () => Promise<R>,
  ): Promise<R> => {
    const connection = connect([process, signal], answerTimeoutMs);
    try {
      if (!requestsPass()) {
        try {
          await whole(requestsPass, connection.signal);
        } catch (error) {
          if (random.next() < lateShare) whole(requestsPass).then(request).catch(ignore);
          throw error;
        }
      }
      const answer = await unlessAborted(request(), connection.signal);
      await whole(answersPass, connection.signal);
      return answer;
    } finally {
      connection.close();
    }
  };

  const clientOf = (process: AbortSignal): ApiClient => {
    async function* watch<T extends KubeObject>(
      type: ResourceType<T>,
      options: WatchOptions,
    ): AsyncGenerator<WatchEvent<Stored<T>>> {
      const connection = connect([process, options.signal]);
      const isWhole = (): boolean => cut === 'none';
      try {
        await whole(isWhole, connection.signal);
        for await (const event of server.watch(type, { ...options, signal: connection.signal })) {
          await whole(isWhole, connection.signal);
          yield event;
        }
        if (connection.signal.aborted && !options.signal.aborted) throw connection.signal.reason;
      } finally {
        connection.close();
      }
    }
    return {
      watch,
      get: (type, key, o) => send(process, o?.signal, () => server.get(type, key, strip(o))),
      list: (type, o) => send(process, o?.signal, () => server.list(type, strip(o))),
      create: (type, object, o) => send(process, o?.signal, () => server.create(type, object, strip(o))),
      update: (type, object, o) => send(process, o?.signal, () => server.update(type, object, strip(o))),
      updateStatus: (type, object, o) => send(process, o?.signal, () => server.updateStatus(type, object, strip(o))),
      patch: (type, key, patch, o) => send(process, o?.signal, () => server.patch(type, key, patch, strip(o))),
      delete: (type, key, o) => send(process, o?.signal, () => server.delete(type, key, strip(o))),
      deleteCollection: (type, o) =>
        send(process, o?.signal, () => server.deleteCollection(type, { ...o, signal: undefined })),
      createSubresource: (type, key, name, body, o) =>
        send(process, o?.signal, () => server.createSubresource(type, key, name, body, strip(o))),
      getSubresource: (type, key, name, o) =>
        send(process, o?.signal, () => server.getSubresource(type, key, name, strip(o))),
      updateSubresource: (type, key, name, body, o) =>
        send(process, o?.signal, () => server.updateSubresource(type, key, name, body, strip(o))),
    };
  };

  return {
    get cut() {
      return cut;
    },
    set cut(next) {
      cut = next;
      for (const wake of [...wakes]) wake();
    },
    client: clientOf,
    reset() {
      for (const abort of [...connections]) abort(serviceUnavailable('the connection was cut'));
    },
  };
}

/** Whoever waits may give up; the request goes on. */
function unlessAborted<R>(request: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    request.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}

/** What was sent is carried out, whatever becomes of who sent it. */
const strip = <O extends { readonly signal?: AbortSignal | undefined }>(options: O | undefined): O | undefined =>
  options && { ...options, signal: undefined };

const ignore = (): void => {};
