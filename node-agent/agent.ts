import { nodes, pods, services } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import type { InformerFactory } from '#client/informer.ts';
import { createInformer } from '#client/informers/create.ts';
import type { Runnable } from '#client/reconciler.ts';
import { type AgentSettings, compileAgentSettings } from './agent-settings.ts';
import { type Chore, runChore } from './chores.ts';
import { createMemoryBook, type FenceBook } from './fence/book.ts';
import { createFence } from './fence/fence.ts';
import { createImageManager } from './images/image-manager.ts';
import { createNodeLease, type NodeLease } from './node/lease.ts';
import type { LeaseConnection } from './node/lease-lanes.ts';
import { createNodeKeeper } from './node/node-keeper.ts';
import type { EmitEvent, PodDependencies } from './pods/context.ts';
import type { NodeHost, PodHost } from './pods/host.ts';
import type { PodImages } from './pods/images.ts';
import { lastWords } from './pods/last-words.ts';
import { createPodLookup, type PodLookup } from './pods/lookup.ts';
import { createPodManager, type PodManager } from './pods/manager.ts';
import { createObjectCache } from './pods/objects.ts';
import { specOf } from './pods/pod-model.ts';
import { createReporter } from './pods/reporter.ts';
import { createRuntimeView, type RuntimeView } from './pods/runtime-view.ts';
import { createSemaphore } from './pods/semaphore.ts';
import type { ProbeTransport } from './probes/transport.ts';
import type { ContainerRuntime, ImageAuth } from './runtime/runtime.ts';
import { createShutdown, goingDownMessage } from './shutdown/shutdown.ts';

export interface AgentOptions {
  readonly client: ApiClient;
  /** Shared with the other components of the process; without them the agent watches services by itself. */
  readonly informers?: InformerFactory | undefined;
  readonly runtime: ContainerRuntime;
  /** @default images by the runtime, with back-off */
  readonly images?: PodImages | undefined;
  /** The cluster's credentials for registries; see createClusterRegistries. */
  readonly registryAuths?: ((image: string) => readonly ImageAuth[]) | undefined;
  readonly nodeName: string;
  readonly host: { readonly pods: PodHost; readonly node: NodeHost };
  readonly transport: ProbeTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: EventRecorder;
  /** @default none; see createLinuxChores */
  readonly chores?: readonly Chore[] | undefined;
  readonly settings?: AgentSettings | undefined;
  /** Why pods have no network, where that is known better than by the runtime. */
  readonly networkProblem?: (() => string | undefined) | undefined;
  /** Opens a connection for the heartbeats alone. @default `client` */
  readonly connectLease?: (() => LeaseConnection) | undefined;
  /** Where the watchdog reads what must not outlive contact with the server. @default memory, without a watchdog */
  readonly fenceBook?: FenceBook | undefined;
  /** Called when the server can be reached again after a while: connections of before may be dead. */
  readonly onContact?: (() => void) | undefined;
}

export interface Agent extends Runnable {
  /** The pods of this node as the agent knows them, for its server. */
  readonly pods: PodLookup;
  /** The node's heartbeat, for those who have something to say with it. */
  readonly lease: Pick<NodeLease, 'renewNow' | 'annotate' | 'onRenewed'>;
  status(): AgentStatus;
  /** The machine goes down: tells the cluster and stops all pods, within `shutdownGraceMs` and a moment. Their objects stay. */
  shutDown(): Promise<void>;
}

export interface AgentStatus {
  readonly nodeRegistered: boolean;
  readonly nodeReady: boolean;
  readonly pods: number;
  /** Why the runtime does not answer. */
  readonly runtimeTrouble: string | undefined;
}

/** The node agent: one per machine. Containers outlive it; a new one adopts what runs. */
export function createAgent(options: AgentOptions): Agent {
  const { client, runtime, clock, random, host } = options;
  const settings = compileAgentSettings(options.nodeName, options.settings);
  const log = options.log.child({ node: options.nodeName });
  const { networkProblem } = options;
  const shutdown = createShutdown({ graceMs: settings.shutdownGraceMs, clock, log });
  const keeper = createNodeKeeper({
    client,
    runtime,
    host: host.node,
    settings: settings.node,
    networkProblem,
    isGoingDown: () => shutdown.begun,
    clock,
    log,
  });
  const fence = createFence({
    seconds: settings.node.fenceSeconds,
    book: options.fenceBook ?? createMemoryBook(() => clock.monotonicMs()),
    clock,
    log,
  });
  const nodeInformer = options.informers?.informer(nodes);
  const lease = createNodeLease({
    connect: options.connectLease ?? (() => ({ client, close() {} })),
    clock,
    random,
    log,
    settings: settings.node,
    fence,
    node: keeper.node,
    nodeCount: () => nodeInformer?.list().length ?? 0,
  });
  let manager: PodManager | undefined;
  let view: RuntimeView | undefined;

  const emit: EmitEvent = (pod, type, reason, message, container) => {
    options.recorder.record(pod, type, reason, message, {
      fieldPath: container === undefined ? undefined : fieldPathOf(pod, container),
    });
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const own = { clock, random, log };
    const podInformer = createInformer(client, pods, { ...own, fieldSelector: `spec.nodeName=${options.nodeName}` });
    const ownServices = options.informers ? undefined : createInformer(client, services, own);
    const serviceInformer = options.informers?.informer(services) ?? ownServices;
    await prepareNode(signal);
    if (signal.aborted) return;
    lease.onRenewed((lateMs) => {
      if (lateMs < silenceMs) return;
      log.info({ lateMs: Math.round(lateMs) }, 'the server can be reached again');
      options.onContact?.();
      podInformer.retryNow();
      keeper.reportNow();
    });
    const currentView = createRuntimeView({
      runtime,
      clock,
      log,
      relistMs: settings.relistMs,
      lastWords: (container) => lastWords(host.pods, container),
      onChange: (uid) => manager?.wake(uid),
    });
    view = currentView;
    const reporter = createReporter({ client, clock, log, onWritten: (pod) => manager?.update(pod) }, signal);
    const deps: PodDependencies = {
      client,
      runtime,
      view: currentView,
      host: host.pods,
      images: options.images ?? createImageManager({ runtime, clock, registryAuths: options.registryAuths }),
      objects: createObjectCache({ client, ...own }, signal),
      services: () => serviceInformer?.list() ?? [],
      transport: options.transport,
      reporter,
      emit,
      node: keeper.context,
      fence,
      shutdown,
      settings: settings.pods,
      clock,
      random,
      log,
      sandboxes: createSemaphore(settings.sandboxesAtOnce),
    };
    /** Services are known before the first pod is taken up: they go into what a container is started with. */
    const runPods = async (current: PodManager): Promise<void> => {
      await serviceInformer?.waitForSync(signal).catch(() => undefined);
      await current.run(signal);
    };
    manager = createPodManager({ deps, informer: podInformer, node: keeper.node }, signal);
    await Promise.all([
      podInformer.run(signal),
      ownServices?.run(signal),
      currentView.run(signal),
      keeper.run(signal),
      lease.run(signal),
      fence.run(signal),
      runPods(manager),
      ...(options.chores ?? []).map((chore) => runChore(chore, clock, log, signal)),
    ]);
  };

  const prepareNode = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        await keeper.prepare();
        return;
      } catch (error) {
        log.error({ why: messageOf(error) }, 'the machine could not be read');
        await clock.sleep(prepareRetryMs, signal).catch(() => undefined);
      }
    }
  };

  const announceEnd = async (signal: AbortSignal): Promise<void> => {
    keeper.reportNow();
    while (keeper.told !== goingDownMessage && !signal.aborted)
      await clock.sleep(announceLookMs, signal).catch(() => undefined);
  };

  return {
    name: `agent ${options.nodeName}`,
    pods: createPodLookup(
      () => manager,
      () => view,
    ),
    lease,
    status: () => ({
      nodeRegistered: keeper.node() !== undefined,
      nodeReady: keeper.ready,
      pods: manager?.workers.size ?? 0,
      runtimeTrouble: view?.trouble,
    }),
    shutDown: () => shutdown.run({ announce: announceEnd, pods: () => [...(manager?.workers.values() ?? [])] }),
    run,
  };
}

const prepareRetryMs = 1_000;
const announceLookMs = 20;
/** When a renewal is so late, what hangs on connections of before is given up, and the Node looked at. */
const silenceMs = 1_500;

/** `spec.containers{web}`. */
function fieldPathOf(pod: Parameters<EmitEvent>[0], container: string): string {
  const spec = specOf(pod);
  if (spec.initContainers?.some(({ name }) => name === container)) return `spec.initContainers{${container}}`;
  if (spec.ephemeralContainers?.some(({ name }) => name === container)) return `spec.ephemeralContainers{${container}}`;
  return `spec.containers{${container}}`;
}
