import type { V1Node, V1Pod } from '#api/generated/types.ts';
import { messageOf } from '#base/error-message.ts';
import type { Informer } from '#client/informer.ts';
import { admit } from './admission.ts';
import type { PodDependencies } from './context.ts';
import { annotations } from './identity.ts';
import type { PodFailure } from './memory.ts';
import { isLive, readySandbox } from './observed.ts';
import { type ApiPod, isTerminalPhase } from './pod-model.ts';
import { createPodWorker, type PodWorker } from './worker.ts';

/** One worker for each pod of the node, and for what is left of pods that are gone. */
export interface PodManager {
  readonly workers: ReadonlyMap<string, PodWorker>;
  /** The runtime shows the pod otherwise than before. */
  wake(uid: string): void;
  /** The server's answer to a write of ours. */
  update(pod: ApiPod): void;
  /** Takes up every pod of the informer, adopts what runs, ends what belongs to nobody, and follows from then on. Resolves after the signal has aborted and all steps have ended. */
  run(signal: AbortSignal): Promise<void>;
}

export interface PodManagerOptions {
  readonly deps: PodDependencies;
  readonly informer: Informer<V1Pod>;
  /** The node as it was last written; undefined until it is registered. */
  readonly node: () => V1Node | undefined;
}

export function createPodManager({ deps, informer, node }: PodManagerOptions, life: AbortSignal): PodManager {
  const workers = new Map<string, PodWorker>();
  const { view, host, log } = deps;
  let started = false;

  deps.fence.onChange((verdict) => {
    for (const worker of workers.values()) worker.contactChanged(verdict);
  });
  // Before everything is taken up, nobody knows what an orphan is.
  deps.fence.guard(
    () =>
      !started ||
      view.trouble !== undefined ||
      [...workers.values()].some(
        ({ pod }) => deps.fence.covers(pod) && view.pod(pod.metadata.uid).containers.some(isLive),
      ),
  );

  const take = (pod: ApiPod, gone = false): void => {
    const { uid } = pod.metadata;
    const known = workers.get(uid);
    if (known) {
      known.update(pod);
      return;
    }
    const refusal = gone ? undefined : refusalOf(pod);
    const worker = createPodWorker(deps, { pod, gone, refusal, onFinished: () => leave(uid) }, life);
    workers.set(uid, worker);
    if (refusal) deps.emit(pod, 'Warning', refusal.reason, refusal.message);
    worker.wake();
  };

  const leave = (uid: string): void => {
    workers.delete(uid);
    // A pod of that identity may have come back while its last step ran; nobody else would take it up.
    const again = informer.list().find((pod) => pod.metadata.uid === uid);
    if (again) take(again);
  };

  /** Only a pod that nothing here knows yet may be refused: what runs stays. */
  const refusalOf = (pod: ApiPod): PodFailure | undefined => {
    const { uid, deletionTimestamp } = pod.metadata;
    const seen = pod.status?.startTime !== undefined || readySandbox(view.pod(uid)) !== undefined;
    const current = node();
    if (seen || deletionTimestamp !== undefined || isTerminalPhase(pod.status?.phase) || !current) return undefined;
    const others = [...workers.values()].map((worker) => worker.pod).filter((other) => other.metadata.uid !== uid);
    return admit(pod, current, others);
  };

  /** Sandboxes, containers and folders of pods that the API server no longer has. */
  const adoptOrphans = async (): Promise<void> => {
    for (const uid of view.uids()) if (!workers.has(uid)) take(orphanOf(uid), true);
    try {
      for (const place of await host.listPods()) if (!workers.has(place.uid)) await host.removePod(place);
    } catch (error) {
      log.warn({ why: messageOf(error) }, 'leftovers of earlier pods not removed');
    }
  };

  const orphanOf = (uid: string): ApiPod => {
    const { sandboxes, containers } = view.pod(uid);
    const sandbox = sandboxes[0];
    const noted = (sandbox ?? containers[0])?.annotations[annotations.gracePeriod];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: sandbox?.pod.name ?? uid,
        namespace: sandbox?.pod.namespace ?? '',
        uid,
        resourceVersion: '0',
        creationTimestamp: new Date(sandbox?.createdAtMs ?? 0).toISOString(),
      },
      spec: { containers: [], terminationGracePeriodSeconds: Number(noted ?? '30') || 30 },
    };
  };

  return {
    workers,
    wake: (uid) => {
      const worker = workers.get(uid);
      if (worker) worker.wake();
      else if (started && view.pod(uid).sandboxes.length > 0) take(orphanOf(uid), true);
    },
    update: (pod) => workers.get(pod.metadata.uid)?.update(pod),
    async run(signal) {
      await Promise.all([informer.waitForSync(signal), view.waitForSync(signal)]).catch(() => undefined);
      if (signal.aborted) return;
      const first = [...informer.list()].sort((a, b) => startOrder(a) - startOrder(b));
      for (const pod of first) take(pod);
      started = true;
      const removeHandler = informer.addHandler({
        onAdd: (pod) => take(pod),
        onUpdate: (pod) => take(pod),
        onDelete: (pod) => workers.get(pod.metadata.uid)?.vanish(),
      });
      await adoptOrphans();
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      removeHandler();
      await Promise.allSettled([...workers.values()].map((worker) => worker.idle()));
    },
  };
}

const startOrder = (pod: ApiPod): number => Date.parse(pod.metadata.creationTimestamp);
