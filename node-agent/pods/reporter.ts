import type { V1Pod, V1PodStatus } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import { retryDelayMs } from './back-off.ts';
import { createAbort, type LinkedAbort } from './linked-abort.ts';
import type { ApiPod } from './pod-model.ts';
import { sameJson } from './same-json.ts';
import { createSemaphore } from './semaphore.ts';

/** Status upstream: only the latest of each pod, until it is delivered. */
export interface Reporter {
  /** `build` makes the status from the newest object; it is called again when another writer was faster. */
  submit(pod: ApiPod, build: (pod: ApiPod) => V1PodStatus): void;
  /** The pod as another write of ours has left it. */
  observe(pod: ApiPod): void;
  /** Resolves when nothing of the pod is waiting to be written. */
  flush(uid: string): Promise<void>;
  /** Gives up what is waiting to be written: nobody reads it any more. */
  forget(uid: string): void;
}

export interface ReporterOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The server's answer to a write. */
  readonly onWritten: (pod: ApiPod) => void;
}

interface Pending {
  pod: ApiPod;
  build: (pod: ApiPod) => V1PodStatus;
  dirty: boolean;
  /** The write under way, if any; it never rejects. */
  work: Promise<void> | undefined;
  /** Ends when the pod is forgotten. */
  readonly wanted: LinkedAbort;
}

const writesAtOnce = 32;

export function createReporter(options: ReporterOptions, life: AbortSignal): Reporter {
  const { client, clock, log } = options;
  const pending = new Map<string, Pending>();
  const writes = createSemaphore(writesAtOnce);

  const writeOnce = async (uid: string, entry: Pending): Promise<void> => {
    const status = entry.build(entry.pod);
    if (sameJson(status, entry.pod.status)) return;
    const object: V1Pod = { ...entry.pod, status };
    const written = await client.updateStatus(pods, object, { signal: entry.wanted.signal });
    if (pending.get(uid) === entry && isNewer(written, entry.pod)) entry.pod = written;
    options.onWritten(written);
  };

  /** False: there is nothing more to write for this pod. */
  const retryAfter = async (error: unknown, uid: string, entry: Pending, failures: number): Promise<boolean> => {
    const { signal } = entry.wanted;
    if (isNotFound(error) || signal.aborted) return false;
    if (isConflict(error)) {
      const fresh = await client.get(pods, keyOf(entry.pod), { signal }).catch((cause: unknown) => cause);
      if (isNotFound(fresh)) return false;
      if (isPod(fresh)) {
        if (fresh.metadata.uid !== uid) return false;
        entry.pod = fresh;
      }
    } else {
      log.warn({ err: error, pod: entry.pod.metadata.name }, 'pod status not written');
    }
    if (failures > 1 || !isConflict(error))
      await clock.sleep(retryDelayMs(failures, 100, 10_000), signal).catch(() => undefined);
    return !signal.aborted;
  };

  const writeAll = async (uid: string, entry: Pending): Promise<void> => {
    let failures = 0;
    try {
      while (entry.dirty && !entry.wanted.signal.aborted) {
        entry.dirty = false;
        try {
          await writes.run(() => writeOnce(uid, entry));
          failures = 0;
        } catch (error) {
          failures++;
          if (await retryAfter(error, uid, entry, failures)) entry.dirty = true;
        }
      }
    } finally {
      // In the same turn as the last look at `dirty`, so that no submit falls between.
      entry.work = undefined;
    }
  };

  return {
    submit(pod, build) {
      const { uid } = pod.metadata;
      const entry = pending.get(uid) ?? { pod, build, dirty: false, work: undefined, wanted: createAbort(life) };
      pending.set(uid, entry);
      if (isNewer(pod, entry.pod)) entry.pod = pod;
      entry.build = build;
      entry.dirty = true;
      if (!life.aborted) entry.work ??= writeAll(uid, entry);
    },
    observe(pod) {
      const entry = pending.get(pod.metadata.uid);
      if (entry && isNewer(pod, entry.pod)) entry.pod = pod;
      options.onWritten(pod);
    },
    async flush(uid) {
      for (let entry = pending.get(uid); entry?.work; entry = pending.get(uid)) await entry.work;
    },
    forget(uid) {
      const entry = pending.get(uid);
      pending.delete(uid);
      entry?.wanted.abort(new Error('nobody asks for the status of the pod any more'));
    },
  };
}

const keyOf = ({ metadata }: ApiPod): { namespace: string; name: string } => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

const isPod = (value: unknown): value is ApiPod => typeof value === 'object' && value !== null && 'metadata' in value;

/** Versions are etcd's revisions; where they are not numbers, the later arrival wins. */
export function isNewer(a: ApiPod, b: ApiPod): boolean {
  const [left, right] = [Number(a.metadata.resourceVersion), Number(b.metadata.resourceVersion)];
  return Number.isNaN(left) || Number.isNaN(right) || left > right;
}
