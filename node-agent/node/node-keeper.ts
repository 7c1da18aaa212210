import type { V1Node } from '#api/generated/types.ts';
import { nodes } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { ApiClient } from '#client/api-client.ts';
import { retryDelayMs } from '../pods/back-off.ts';
import type { NodeContext } from '../pods/context.ts';
import { parseResolvConf } from '../pods/dns.ts';
import type { MachineFacts, NodeHost } from '../pods/host.ts';
import { createAbort } from '../pods/linked-abort.ts';
import { sameJson } from '../pods/same-json.ts';
import type { ContainerRuntime, Image, RuntimeVersion, SandboxConfig } from '../runtime/runtime.ts';
import { goingDownMessage } from '../shutdown/shutdown.ts';
import { addressesOf, allocatableOf, type NodeReading, newNode, nodeLabels, nodeStatus } from './node-object.ts';
import type { NodeSettings } from './node-settings.ts';

/** Keeps the Node object: registers it, again when it was deleted, and reports how the machine is. */
export interface NodeKeeper {
  /** Reads the machine; everything below needs it. */
  prepare(): Promise<void>;
  readonly context: NodeContext;
  node(): Stored<V1Node> | undefined;
  readonly ready: boolean;
  /** Looks at the machine and the Node at once: others may have given the node up. */
  reportNow(): void;
  /** Why the node is not ready, as the server was last told; undefined: it is, or nothing was told yet. */
  readonly told: string | undefined;
  run(signal: AbortSignal): Promise<void>;
}

export interface NodeKeeperOptions {
  readonly client: ApiClient;
  readonly runtime: ContainerRuntime;
  readonly host: NodeHost;
  readonly settings: NodeSettings;
  /** Why pods have no network, where that is known better than by the runtime. */
  readonly networkProblem?: (() => string | undefined) | undefined;
  /** The machine goes down: nothing new may come. */
  readonly isGoingDown?: (() => boolean) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often to look while the node is not ready: the first pod waits for it. */
const notReadyCheckMs = 250;

export function createNodeKeeper(options: NodeKeeperOptions): NodeKeeper {
  const { client, runtime, host, settings, clock, log } = options;
  let facts: MachineFacts | undefined;
  let resolver: NonNullable<SandboxConfig['dns']> = { servers: [], searches: [], options: [] };
  let current: Stored<V1Node> | undefined;
  let version: RuntimeVersion | undefined;
  let ready = false;
  let told: string | undefined;
  let writtenMs = Number.NEGATIVE_INFINITY;
  let wake = (): void => {};

  const known = (): MachineFacts => {
    if (!facts) throw new Error('the node keeper was not prepared');
    return facts;
  };

  /** For pods made from now on: the machine's network may come up after us, and change. What cannot be read changes nothing. */
  const readResolver = async (): Promise<void> => {
    const read = parseResolvConf(await host.resolvConf().catch(() => ''));
    if (read.servers.length > 0) resolver = read;
  };

  const read = async (signal: AbortSignal): Promise<NodeReading> => {
    await readResolver();
    let notReady: string | undefined;
    let images: readonly Image[] = [];
    try {
      const status = await runtime.status(signal);
      version ??= await runtime.version(signal);
      images = await runtime.listImages(signal);
      if (!status.runtimeReady) notReady = `container runtime not ready: ${status.message}`;
      else if (!status.networkReady) {
        notReady = `container runtime network not ready: ${options.networkProblem?.() ?? status.message}`;
      }
    } catch (error) {
      version = undefined;
      notReady = `container runtime is down: ${messageOf(error)}`;
    }
    if (options.isGoingDown?.()) notReady = goingDownMessage;
    return { facts: known(), usage: await host.usage(), runtime: version, notReady, images, nowMs: clock.now() };
  };

  const fetchNode = async (signal: AbortSignal): Promise<Stored<V1Node> | undefined> => {
    try {
      return await client.get(nodes, { name: settings.name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };

  const register = async (reading: NodeReading, signal: AbortSignal): Promise<Stored<V1Node> | undefined> => {
    try {
      log.info({ node: settings.name }, 'registering the node');
      return await client.create(nodes, newNode(settings, reading), { signal });
    } catch (error) {
      if (isAlreadyExists(error)) return fetchNode(signal);
      throw error;
    }
  };

  /** Labels of a node that was there before. */
  const reconcileMeta = async (node: Stored<V1Node>, signal: AbortSignal): Promise<Stored<V1Node>> => {
    const labels = { ...node.metadata.labels, ...nodeLabels(settings, known()) };
    if (sameJson(labels, node.metadata.labels)) return node;
    return client.update(nodes, { ...node, metadata: { ...node.metadata, labels } }, { signal });
  };

  const report = async (signal: AbortSignal): Promise<void> => {
    const reading = await read(signal);
    const found = (await fetchNode(signal)) ?? (await register(reading, signal));
    if (!found) return;
    if (found.metadata.uid !== current?.metadata.uid) writtenMs = Number.NEGATIVE_INFINITY;
    current = await reconcileMeta(found, signal);
    const status = nodeStatus(settings, reading, current.status);
    const due = clock.now() - writtenMs >= settings.statusReportMs;
    if (due || !sameJson(withoutHeartbeat(status), withoutHeartbeat(current.status ?? {}))) {
      current = await client.updateStatus(nodes, { ...current, status }, { signal });
      writtenMs = clock.now();
    }
    told = reading.notReady;
    ready = told === undefined;
  };

  const reportAlways = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const round = createAbort(signal);
      // What was asked over a connection that has died meanwhile would be waited for in vain.
      wake = () => round.abort(new Error('a new look is wanted'));
      let delayMs = settings.statusCheckMs;
      try {
        await report(round.signal);
        failures = 0;
        if (!ready && told !== goingDownMessage) delayMs = Math.min(delayMs, notReadyCheckMs);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        delayMs = Math.min(retryDelayMs(failures, 100, 5_000), settings.statusCheckMs);
        if (!isConflict(error) && !round.signal.aborted)
          log.warn({ err: error, retryMs: delayMs }, 'node status not reported');
      }
      await clock.sleep(delayMs, round.signal).catch(() => undefined);
      round.release();
    }
  };

  return {
    async prepare() {
      facts = await host.facts();
      resolver = parseResolvConf(await host.resolvConf());
    },
    context: {
      name: settings.name,
      hostIps: () =>
        addressesOf(settings, known()).flatMap(({ type, address }) => (type === 'InternalIP' ? [address] : [])),
      allocatable: () => allocatableOf(settings, known()),
      memoryCapacityBytes: () => known().memoryBytes,
      unifiedCgroups: () => known().unifiedCgroups,
      resolver: () => resolver,
    },
    node: () => current,
    get ready() {
      return ready;
    },
    get told() {
      return told;
    },
    reportNow: () => wake(),
    run: reportAlways,
  };
}

function withoutHeartbeat(status: NonNullable<V1Node['status']>): object {
  return { ...status, conditions: (status.conditions ?? []).map(({ lastHeartbeatTime: _, ...rest }) => rest) };
}
