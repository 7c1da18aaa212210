import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import { isRuntimeError } from '../runtime/errors.ts';
import type { ContainerRuntime, ContainerStatus, RuntimeEvent, Sandbox } from '../runtime/runtime.ts';
import { retryDelayMs } from './back-off.ts';
import { createAbort } from './linked-abort.ts';
import { nothingObserved, type ObservedContainer, type ObservedPod, sortObserved } from './observed.ts';

/**
 * What the runtime has, by pod, always current: kept by its events and by our own calls' results, and listed anew
 * after every interruption and now and then.
 */
export interface RuntimeView {
  pod(uid: string): ObservedPod;
  uids(): readonly string[];
  /** The first list has been taken. */
  readonly synced: boolean;
  /** Why the runtime does not answer; undefined while it does. */
  readonly trouble: string | undefined;
  waitForSync(signal: AbortSignal): Promise<void>;
  refreshContainer(id: string, signal?: AbortSignal): Promise<void>;
  refreshSandbox(id: string, signal?: AbortSignal): Promise<void>;
  dropContainer(id: string): void;
  dropSandbox(id: string): void;
  relist(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface RuntimeViewOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Log;
  readonly relistMs: number;
  /** Reads what an ended container left as its last words. */
  readonly lastWords: (container: ContainerStatus) => Promise<string>;
  /** The pod is seen otherwise than before. */
  readonly onChange: (uid: string) => void;
}

interface Entry<T> {
  readonly value: T;
  readonly uid: string;
  /** The order in which its state was asked for: an older answer never replaces a newer one. */
  readonly order: number;
}

export function createRuntimeView(options: RuntimeViewOptions): RuntimeView {
  const { runtime, clock, log } = options;
  const containers = new Map<string, Entry<ObservedContainer>>();
  const sandboxes = new Map<string, Entry<Sandbox>>();
  const byPod = new Map<string, ObservedPod>();
  const waiting = new Set<() => void>();
  let order = 0;
  let synced = false;
  let trouble: string | undefined;

  const changed = (uid: string): void => {
    const pod = sortObserved({
      sandboxes: [...sandboxes.values()].filter((entry) => entry.uid === uid).map((entry) => entry.value),
      containers: [...containers.values()].filter((entry) => entry.uid === uid).map((entry) => entry.value),
    });
    if (pod.sandboxes.length + pod.containers.length > 0) byPod.set(uid, pod);
    else byPod.delete(uid);
    options.onChange(uid);
  };

  const dropContainer = (id: string): void => {
    const entry = containers.get(id);
    if (entry && containers.delete(id)) changed(entry.uid);
  };
  const dropSandbox = (id: string): void => {
    const entry = sandboxes.get(id);
    if (entry && sandboxes.delete(id)) changed(entry.uid);
  };

  const refreshContainer = async (id: string, signal?: AbortSignal): Promise<void> => {
    const asked = ++order;
    try {
      const status = await runtime.containerStatus(id, signal);
      const before = containers.get(id)?.value;
      const told = before?.state === 'exited' ? before.terminationMessage : undefined;
      const terminationMessage = status.state === 'exited' ? (told ?? (await options.lastWords(status))) : '';
      if ((containers.get(id)?.order ?? 0) > asked) return;
      const uid = sandboxes.get(status.sandboxId)?.uid ?? status.labels['io.kubernetes.pod.uid'] ?? '';
      containers.set(id, { value: { ...status, terminationMessage }, uid, order: asked });
      changed(uid);
    } catch (error) {
      if (!isRuntimeError(error, 'not-found')) throw error;
      dropContainer(id);
    }
  };

  const refreshSandbox = async (id: string, signal?: AbortSignal): Promise<void> => {
    const asked = ++order;
    try {
      const sandbox = await runtime.sandboxStatus(id, signal);
      if ((sandboxes.get(id)?.order ?? 0) > asked) return;
      sandboxes.set(id, { value: sandbox, uid: sandbox.pod.uid, order: asked });
      changed(sandbox.pod.uid);
    } catch (error) {
      if (!isRuntimeError(error, 'not-found')) throw error;
      dropSandbox(id);
    }
  };

  const relist = async (signal: AbortSignal): Promise<void> => {
    const asked = ++order;
    const [listedSandboxes, listedContainers] = await Promise.all([
      runtime.listSandboxes(signal),
      runtime.listContainers(signal),
    ]);
    const sandboxIds = new Set(listedSandboxes.map(({ id }) => id));
    const containerIds = new Set(listedContainers.map(({ id }) => id));
    for (const [id, entry] of sandboxes) if (entry.order < asked && !sandboxIds.has(id)) dropSandbox(id);
    for (const [id, entry] of containers) if (entry.order < asked && !containerIds.has(id)) dropContainer(id);
    const staleSandboxes = listedSandboxes.filter(({ id, ready }) => sandboxes.get(id)?.value.ready !== ready);
    for (const { id } of staleSandboxes) await refreshSandbox(id, signal);
    const staleContainers = listedContainers.filter(({ id, state }) => containers.get(id)?.value.state !== state);
    for (const { id } of staleContainers) await refreshContainer(id, signal);
  };

  const onEvent = async ({ containerId, kind }: RuntimeEvent, signal: AbortSignal): Promise<void> => {
    if (kind === 'deleted') {
      dropContainer(containerId);
      dropSandbox(containerId);
      return;
    }
    if (sandboxes.has(containerId)) return refreshSandbox(containerId, signal);
    await refreshContainer(containerId, signal);
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    // Of its own, because an iterator whose next value is awaited can be ended by its signal only.
    const subscription = createAbort(signal);
    const events = runtime.events(subscription.signal)[Symbol.asyncIterator]();
    try {
      let next = events.next();
      // A failure before the list is done is dealt with below, when it is awaited.
      next.catch(() => undefined);
      await relist(signal);
      trouble = undefined;
      synced = true;
      for (const resolve of waiting) resolve();
      waiting.clear();
      for (;;) {
        const result = await next;
        if (result.done) return;
        next = events.next();
        next.catch(() => undefined);
        onEvent(result.value, signal).catch((error: unknown) => {
          if (!signal.aborted)
            log.warn({ err: error, containerId: result.value.containerId }, 'container state not read');
        });
      }
    } finally {
      subscription.abort(new Error('subscribing anew'));
    }
  };

  const relistNowAndThen = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(options.relistMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await relist(signal).catch((error: unknown) => log.warn({ err: error }, 'runtime not listed'));
    }
  };

  const followAlways = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      try {
        await follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        trouble = messageOf(error);
        log.warn({ err: error }, 'the container runtime does not answer');
      }
      failures = clock.monotonicMs() - startedMs > healthyMs ? 1 : failures + 1;
      await clock.sleep(retryDelayMs(failures, 200, 5_000), signal).catch(() => undefined);
    }
  };

  return {
    pod: (uid) => byPod.get(uid) ?? nothingObserved,
    uids: () => [...byPod.keys()],
    get synced() {
      return synced;
    },
    get trouble() {
      return trouble;
    },
    waitForSync: (signal) =>
      new Promise((resolve, reject) => {
        if (synced) return resolve();
        const onAbort = (): void => {
          waiting.delete(onSync);
          reject(signal.reason);
        };
        const onSync = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        if (signal.aborted) return onAbort();
        waiting.add(onSync);
        signal.addEventListener('abort', onAbort, { once: true });
      }),
    refreshContainer,
    refreshSandbox,
    dropContainer,
    dropSandbox,
    relist,
    run: async (signal) => {
      await Promise.all([followAlways(signal), relistNowAndThen(signal)]);
    },
  };
}

/** An event stream that lived this long was no failure. */
const healthyMs = 10_000;
