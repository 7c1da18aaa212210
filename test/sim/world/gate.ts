import type { KubeObject, Stored, WatchEvent } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { sleepBy } from '#base/sleep.ts';
import type { ApiClient, WatchOptions } from '#client/api-client.ts';
import type { ContainerRuntime, RuntimeEvent } from '#node-agent/runtime/runtime.ts';

/** A process that can be stopped as by SIGSTOP: nothing of it goes on, and it does not notice but by the clock. */
export interface Gate {
  readonly open: boolean;
  /** Resolves at once while the process runs, else when it goes on. */
  pass(): Promise<void>;
  stop(): void;
  /** What waited goes on in its order. */
  goOn(): void;
}

export function createGate(): Gate {
  const waiting: (() => void)[] = [];
  let open = true;
  return {
    get open() {
      return open;
    },
    pass: () => (open ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    stop() {
      open = false;
    },
    goOn() {
      open = true;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

/** The clock as a process sees it that may be stopped: what was due meanwhile comes when it goes on. */
export function gatedClock(clock: Clock, gate: Gate): Clock {
  const setTimer = (delayMs: number, callback: () => void): Timer => {
    let cancelled = false;
    const timer = clock.setTimer(delayMs, () => {
      if (gate.open) callback();
      else
        void gate.pass().then(() => {
          if (!cancelled) callback();
        });
    });
    return {
      cancel() {
        cancelled = true;
        timer.cancel();
      },
    };
  };
  return { now: clock.now, monotonicMs: clock.monotonicMs, setTimer, sleep: sleepBy(setTimer) };
}

/** A machine's own clock: it shows another time, and runs a little fast or slow. */
export function skewedClock(clock: Clock, skew: { readonly offsetMs: number; readonly rate: number }): Clock {
  const startMs = clock.now();
  const setTimer = (delayMs: number, callback: () => void): Timer => clock.setTimer(delayMs / skew.rate, callback);
  return {
    now: () => Math.floor(startMs + skew.offsetMs + (clock.now() - startMs) * skew.rate),
    monotonicMs: () => (clock.monotonicMs() - startMs) * skew.rate,
    setTimer,
    sleep: sleepBy(setTimer),
  };
}

/** Requests reach a process that is stopped when it goes on. */
export function gatedClient(client: ApiClient, gate: Gate): ApiClient {
  const through = async <R>(request: () => Promise<R>): Promise<R> => {
    await gate.pass();
    const answer = await request();
    await gate.pass();
    return answer;
  };
  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<Stored<T>>> {
    await gate.pass();
    for await (const event of client.watch(type, options)) {
      await gate.pass();
      yield event;
    }
  }
  return {
    watch,
    get: (type, key, o) => through(() => client.get(type, key, o)),
    list: (type, o) => through(() => client.list(type, o)),
    create: (type, object, o) => through(() => client.create(type, object, o)),
    update: (type, object, o) => through(() => client.update(type, object, o)),
    updateStatus: (type, object, o) => through(() => client.updateStatus(type, object, o)),
    patch: (type, key, patch, o) => through(() => client.patch(type, key, patch, o)),
    delete: (type, key, o) => through(() => client.delete(type, key, o)),
    deleteCollection: (type, o) => through(() => client.deleteCollection(type, o)),
    createSubresource: (type, key, name, body, o) => through(() => client.createSubresource(type, key, name, body, o)),
    getSubresource: (type, key, name, o) => through(() => client.getSubresource(type, key, name, o)),
    updateSubresource: (type, key, name, body, o) => through(() => client.updateSubresource(type, key, name, body, o)),
  };
}

/** The container runtime is a process of its own: it goes on, and its answers wait. */
export function gatedRuntime(runtime: ContainerRuntime, gate: Gate): ContainerRuntime {
  async function* events(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    for await (const event of runtime.events(signal)) {
      await gate.pass();
      yield event;
    }
  }
  return new Proxy(runtime, {
    get(target, name) {
      if (name === 'events') return events;
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        await gate.pass();
        const answer: unknown = await Reflect.apply(value, target, given).catch(async (error: unknown) => {
          await gate.pass();
          throw error;
        });
        await gate.pass();
        return answer;
      };
    },
  });
}
