import type { V1Binding } from '#api/generated/types.ts';
import { namespaces, nodes, persistentVolumeClaims, pods } from '#api/kinds.ts';
import { isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import type { InformerFactory } from '#client/informer.ts';
import { keyOf } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { reportUnschedulable } from './condition.ts';
import { explainNoPreemption } from './explain.ts';
import { followCluster } from './follow-cluster.ts';
import { createNominations, evict } from './nominations.ts';
import { type Plan, plan } from './plan.ts';
import { createPodInfo } from './pod-info.ts';
import { type Preemption, planPreemption } from './preemption.ts';
import { createSchedulingQueue } from './scheduling-queue.ts';
import { createSlots } from './slots.ts';
import { createClusterState } from './state.ts';
import type { PodInfo } from './types.ts';

export interface SchedulerOptions {
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: EventRecorder;
  /** Pods whose `spec.schedulerName` is another are left alone. Default `default-scheduler`. */
  readonly schedulerName?: string | undefined;
  /** Writes at once; default 64. */
  readonly writesMax?: number | undefined;
}

/** A pod that was decided on counts on its node until it is seen there, or this long after its binding was accepted. */
const assumedMaxMs = 30_000;
/** After this many decisions in a row, others get a turn. */
const decisionsMax = 32;

/** Gives every pod without a node a node. Each run starts from what the informers know. */
export function createScheduler(options: SchedulerOptions): Runnable {
  return { name: 'scheduler', run: (signal) => runScheduler(options, signal) };
}

async function runScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { client, informers, clock, random, recorder, schedulerName = 'default-scheduler' } = options;
  const log = options.log.child({ component: 'scheduler' });
  const podInformer = informers.informer(pods);
  const sources = {
    pods: podInformer,
    nodes: informers.informer(nodes),
    namespaces: informers.informer(namespaces),
    claims: informers.informer(persistentVolumeClaims),
  };
  try {
    await Promise.all(Object.values(sources).map((informer) => informer.waitForSync(signal)));
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }

  const state = createClusterState();
  const queue = createSchedulingQueue(clock);
  const slots = createSlots(options.writesMax ?? 64);
  const nominations = createNominations(state);
  const report = { client, clock, log, recorder, signal };
  /** Decided on, not yet seen on the node; the timer runs once the binding was accepted. */
  const assumed = new Map<string, { expiry: Timer | undefined }>();

  const confirm = (uid: string): void => {
    nominations.drop(uid);
    assumed.get(uid)?.expiry?.cancel();
    assumed.delete(uid);
  };

  /** Takes the decision back, and tries again if the pod still wants a node. */
  const forget = (pod: PodInfo): void => {
    if (!assumed.has(pod.uid)) return;
    confirm(pod.uid);
    state.remove(pod.uid);
    queue.wake('pod-removed');
    const current = podInformer.get(keyOf(pod.pod));
    if (current?.metadata.uid === pod.uid) queue.retry(createPodInfo(current));
  };

  const bind = async (pod: PodInfo, node: string): Promise<void> => {
    const { namespace, name, uid } = pod;
    const body: V1Binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.createSubresource(pods, { namespace, name }, 'binding', body, { signal });
    } catch (error) {
      if (signal.aborted) return;
      const expected = isConflict(error) || isNotFound(error);
      log[expected ? 'info' : 'warn']({ err: error, pod: `${namespace}/${name}`, node }, 'cannot bind the pod');
      forget(pod);
      return;
    }
    recorder.record(pod.pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    const entry = assumed.get(uid);
    if (entry && !signal.aborted) entry.expiry = clock.setTimer(assumedMaxMs, () => forget(pod));
  };

  const refuse = (pod: PodInfo, { message, plugins, refusals }: Extract<Plan, { kind: 'unschedulable' }>): void => {
    const waits = nominations.awaitsVictims(pod);
    const preemption = waits ? undefined : planPreemption(state, pod, refusals);
    if (preemption) makeRoom(pod, preemption);
    queue.park(pod, plugins);
    const helpless = preemption || refusals.size === 0;
    const why = helpless ? message : `${message} ${explainNoPreemption(pod, refusals.size, refusals, waits)}`;
    log.debug({ pod: `${pod.namespace}/${pod.name}`, why }, 'no node fits');
    recorder.record(pod.pod, 'Warning', 'FailedScheduling', why);
    slots.start(() => reportUnschedulable(report, pod, why, preemption?.node));
  };

  const makeRoom = (pod: PodInfo, preemption: Preemption): void => {
    const { node } = preemption;
    for (const victim of nominations.nominate(pod, preemption)) {
      log.info(
        { pod: `${pod.namespace}/${pod.name}`, victim: `${victim.namespace}/${victim.name}`, node },
        'preempting',
      );
      slots.start(async () => {
        try {
          await evict(report, victim, pod, node);
        } catch (error) {
          if (signal.aborted) return;
          log.warn({ err: error, victim: `${victim.namespace}/${victim.name}` }, 'cannot preempt');
          nominations.drop(pod.uid);
          queue.wake('pod-removed');
        }
      });
    }
  };

  const decide = (pod: PodInfo): void => {
    try {
      nominations.lift(pod);
      const decision = plan(state.snapshot, pod, { random });
      if (decision.kind === 'unschedulable') {
        refuse(pod, decision);
        return;
      }
      nominations.settle(pod.uid);
      state.place(pod, decision.node);
      assumed.set(pod.uid, { expiry: undefined });
      queue.wake('pod-placed');
      slots.start(() => bind(pod, decision.node));
    } catch (error) {
      log.error({ err: error, pod: `${pod.namespace}/${pod.name}` }, 'cannot decide on the pod');
      queue.retry(pod);
    }
  };

  const stopFollowing = followCluster(sources, {
    state,
    queue,
    schedulerName,
    isAssumed: (uid) => assumed.has(uid),
    confirm,
  });
  log.info({ nodes: state.snapshot.nodes.length, pods: queue.counts.active }, 'scheduling');
  let decisions = 0;
  while (!signal.aborted) {
    await slots.free();
    const pod = queue.take();
    if (!pod) {
      decisions = 0;
      await queue.waitForPod(signal);
    } else {
      decide(pod);
      decisions = (decisions + 1) % decisionsMax;
      if (decisions === 0) await clock.sleep(0, signal).catch(() => undefined);
    }
  }
  stopFollowing();
  queue.close();
  await slots.drained();
  for (const uid of assumed.keys()) assumed.get(uid)?.expiry?.cancel();
}
