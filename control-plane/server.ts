import { revokedNodesName } from '#api/certificates.ts';
import { type ClusterConfig, clusterConfig } from '#api/cluster-config.ts';
import { configMaps } from '#api/kinds.ts';
import { isConflict, StatusError } from '#api/status-error.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder, type EventRecorder } from '#client/event-recorder.ts';
import { createInformer } from '#client/informers/create.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { runLeaderElected } from '#client/leader-election.ts';
import { createLostNodeTolerations, lostNodeSeconds } from './apiserver/admission/lost-node-tolerations.ts';
import { createServiceAddresses } from './apiserver/admission/service-addresses.ts';
import { type ApiServer, createApiServer } from './apiserver/api-server.ts';
import { mastersGroup } from './apiserver/auth/authorizer.ts';
import { type ApiCore, createApiCore } from './apiserver/core.ts';
import type { ServerCore } from './apiserver/http/exchange.ts';
import { createIdentity, type Identity } from './apiserver/identity.ts';
import { createServerMetrics, type ServerMetrics } from './apiserver/metrics/metrics.ts';
import { measuredStore } from './apiserver/metrics/store-metrics.ts';
import type { NodeProxyOptions } from './apiserver/proxy/node-backend.ts';
import type { AdmissionHook } from './apiserver/registry/admission.ts';
import { ensureBootstrapObjects } from './bootstrap/objects.ts';
import { createControllers } from './controllers/all.ts';
import { type ControllerSettings, defaultReservedPorts, lostNodeSettings } from './controllers/settings.ts';
import { builtInDefinitions } from './resources/all.ts';
import { createScheduler } from './scheduler/scheduler.ts';
import { createEtcdStore } from './store/etcd.ts';
import type { Store } from './store/store.ts';

export interface ControlPlaneOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A store that is there already, or where etcd is (waited for as long as it takes). It is closed at the end. */
  readonly store: Store | EtcdAccess;
  /** PEM. `server` is shown to clients, `node` to the nodes' agents; `ca` signed both and the clients' certificates. */
  readonly certificates: {
    readonly ca: string;
    readonly server: { readonly cert: string; readonly key: string };
    readonly node?: { readonly cert: string; readonly key: string } | undefined;
  };
  /** Default: all addresses, 6443. */
  readonly listen?: { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /** The address that pods and other machines reach this server at. Default 127.0.0.1. */
  readonly advertiseAddress?: string | undefined;
  /** Default: every default. */
  readonly cluster?: ClusterConfig | undefined;
  readonly controllers?: ControllerSettings | undefined;
  /** Default: all. */
  readonly run?: { readonly scheduler?: boolean; readonly controllers?: boolean } | undefined;
  readonly berthVersion?: string | undefined;
  /** Node's own metrics on /metrics; default true. One process should do it once. */
  readonly nodeMetrics?: boolean | undefined;
}

export interface EtcdAccess {
  readonly endpoints: readonly string[];
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
}

export interface ControlPlane {
  /** In process, as system:admin. */
  readonly client: ApiClient;
  readonly core: ApiCore;
  readonly server: ApiServer;
  /** `https://127.0.0.1:6443`, from this machine. */
  readonly url: string;
  readonly port: number;
  /** Resolves when everything has ended after the signal aborted. Rejects when a part failed for good: the process should end. */
  readonly done: Promise<void>;
}

type Check = ReturnType<ServerCore['ready']>['checks'][number];

const admin = { name: 'system:admin', groups: [mastersGroup] };
const retryMs = 500;
/** Events that are still to be sent at the end get this long. */
const eventFlushMaxMs = 2_000;

/**
 * Starts store, API server, scheduler and controllers; resolves when the API answers. Rejects when the signal aborts before, or
 * when the server cannot listen.
 */
export async function runControlPlane(options: ControlPlaneOptions, signal: AbortSignal): Promise<ControlPlane> {
  const { clock, log, cluster = clusterConfig(), advertiseAddress = '127.0.0.1' } = options;
  const metrics = createServerMetrics({ nodeMetrics: options.nodeMetrics ?? true });
  const store = measuredStore(await openStore(options, signal), clock, metrics.registry);
  /** Lives longer than `signal`: what ends cleanly still writes. */
  const running = new AbortController();
  const identity = createIdentity({ clock, log, core: () => core });
  const addresses = createServiceAddresses({
    serviceCidr: cluster.serviceCidr,
    nodePorts: cluster.nodePorts,
    store,
    clock,
    random: options.random,
    log: log.child({ part: 'service-addresses' }),
    registry: () => core.registry('', 'v1', 'services'),
  });
  const core: ApiCore = createCore(options, store, cluster, identity, addresses);
  const client = core.client(admin);
  const bootstrap = { name: 'bootstrap', ok: false, message: 'the first objects are not written yet' };
  const server = createServer(options, core, identity, metrics, advertiseAddress, bootstrap);
  const giveUp = () => running.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await core.start(running.signal);
    const { port } = await server.listen();
    const advertise = { host: advertiseAddress, port };
    await retried(() => ensureBootstrapObjects(client, { advertise, cluster }), options, signal);
    bootstrap.ok = true;
    signal.removeEventListener('abort', giveUp);
    log.info({ port }, 'the API server is ready');
    const revoked = dropRevoked(options, client, server, running.signal);
    const repaired = addresses.run(running.signal);
    const work = runElected(options, client, `${advertiseAddress}:${port}`, signal);
    const done = ended({ work, revoked, repaired, server, core, store, running });
    // Whoever started us hears of it through `done` when it cares to look.
    done.catch(() => undefined);
    return { client, core, server, url: `https://127.0.0.1:${port}`, port, done };
  } catch (error) {
    signal.removeEventListener('abort', giveUp);
    await server.close(0);
    running.abort(error);
    await core.stopped();
    await store.close();
    throw error;
  }
}

async function openStore({ store, clock, log }: ControlPlaneOptions, signal: AbortSignal): Promise<Store> {
  if (!('endpoints' in store)) return store;
  const { endpoints, tls } = store;
  const keys = tls && { ca: Buffer.from(tls.ca), cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) };
  // Nodes report the newest revision of the endpoint slices that they have applied: it must name one slice.
  const ownRevision = ['/registry/endpointslices/'];
  return createEtcdStore({ endpoints, tls: keys, ownRevision, clock, log: log.child({ part: 'store' }), signal });
}

function createCore(
  { clock, random, log }: ControlPlaneOptions,
  store: Store,
  cluster: ClusterConfig,
  identity: Identity,
  addresses: AdmissionHook,
): ApiCore {
  const core: ApiCore = createApiCore({
    store,
    definitions: builtInDefinitions(),
    clock,
    random,
    log: log.child({ part: 'core' }),
    authorizer: identity.authorizer,
    admission: [...identity.admission, addresses, createLostNodeTolerations(lostNodeSeconds(cluster))],
  });
  return core;
}

function createServer(
  options: ControlPlaneOptions,
  core: ApiCore,
  { authenticator, authorizer }: Identity,
  metrics: ServerMetrics,
  host: string,
  bootstrap: Check,
): ApiServer {
  const { clock, random, log, certificates, listen = { port: 6443 } } = options;
  const { ca, server, node } = certificates;
  const nodeProxy: NodeProxyOptions | undefined = node && { ca, certificate: node.cert, key: node.key };
  const withBootstrap: ServerCore = {
    registry: (group, version, resource) => core.registry(group, version, resource),
    definitions: () => core.definitions(),
    current: (aborted) => core.current(aborted),
    ready() {
      const { ok, checks } = core.ready();
      return { ok: ok && bootstrap.ok, checks: [...checks, bootstrap] };
    },
  };
  return createApiServer({
    core: withBootstrap,
    clock,
    random,
    log: log.child({ part: 'apiserver' }),
    tls: { certificate: server.cert, key: server.key },
    clientCa: ca,
    authenticator,
    authorizer,
    listen,
    nodeProxy,
    metrics,
    berthVersion: options.berthVersion,
    ...(listen.port && { advertise: `${host}:${listen.port}` }),
  });
}

/** Scheduler and controllers, each on the one server that holds its lease. Resolves when they have ended. */
async function runElected(
  options: ControlPlaneOptions,
  client: ApiClient,
  identity: string,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, run } = options;
  const informers = createInformerFactory(client, { clock, random, log: log.child({ part: 'informers' }) });
  const recorders: EventRecorder[] = [];
  const telling = new AbortController();
  const recorder = (component: string): EventRecorder => {
    const made = createEventRecorder({ client, clock, random, component, log, signal: telling.signal });
    recorders.push(made);
    return made;
  };
  const shared = { client, informers, clock, random };
  const election = { client, clock, random, identity };
  const jobs: Promise<void>[] = [];
  if (run?.scheduler !== false) {
    const part = log.child({ part: 'scheduler' });
    const scheduler = createScheduler({ ...shared, log: part, recorder: recorder('default-scheduler') });
    const lease = { namespace: 'kube-system', name: 'kube-scheduler' };
    jobs.push(runLeaderElected({ ...election, lease, log: part }, [scheduler], signal));
  }
  if (run?.controllers !== false) {
    const part = log.child({ part: 'controllers' });
    const cluster = options.cluster ?? clusterConfig();
    const { clusterCidr, nodeCidrBits } = cluster;
    const settings = {
      nodeIpam: { clusterCidr, nodeCidrBits },
      reservedPorts: [{ port: options.listen?.port ?? 6443, why: "the API server's" }, ...defaultReservedPorts],
      ...lostNodeSettings(cluster),
      ...options.controllers,
    };
    const controllers = createControllers({ ...shared, log: part, recorder, settings });
    const lease = { namespace: 'kube-system', name: 'kube-controller-manager' };
    jobs.push(runLeaderElected({ ...election, lease, log: part }, controllers, signal));
  }
  informers.start(signal);
  try {
    await Promise.all(jobs);
  } finally {
    const timer = clock.setTimer(eventFlushMaxMs, () => telling.abort(new Error('the control plane is shutting down')));
    await Promise.all(recorders.map((one) => one.flush()));
    timer.cancel();
  }
  await untilAborted(signal);
  await informers.stopped();
}

/** A node that leaves hears the answer to that before its connections are cut. New requests are refused at once. */
const lastAnswerMs = 500;

/** Ends what removed nodes still have open. */
async function dropRevoked(
  { clock, random, log }: ControlPlaneOptions,
  client: ApiClient,
  server: ApiServer,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = revokedNodesName;
  const own = { clock, random, log: log.child({ part: 'revocations' }), namespace };
  const informer = createInformer(client, configMaps, { ...own, fieldSelector: `metadata.name=${name}` });
  let soon: Timer | undefined;
  const drop = (): void => {
    soon ??= clock.setTimer(lastAnswerMs, () => {
      soon = undefined;
      server.dropRevoked();
    });
  };
  informer.addHandler({ onAdd: drop, onUpdate: drop });
  await informer.run(signal);
  soon?.cancel();
}

interface Parts {
  readonly work: Promise<void>;
  readonly revoked: Promise<void>;
  readonly repaired: Promise<void>;
  readonly server: ApiServer;
  readonly core: ApiCore;
  readonly store: Store;
  readonly running: AbortController;
}

/** Ends the parts from the top down, once the signal has aborted or a part has failed. */
async function ended({ work, revoked, repaired, server, core, store, running }: Parts): Promise<void> {
  try {
    await work;
  } finally {
    await server.close();
    running.abort(new Error('the control plane is shutting down'));
    await revoked;
    await repaired;
    await core.stopped();
    await store.close();
  }
}

async function retried(
  work: () => Promise<void>,
  { clock, log }: ControlPlaneOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StatusError && error.code < 500 && !isConflict(error)) throw error;
      log.warn({ err: error }, 'the first objects of the cluster could not be written yet');
      await clock.sleep(retryMs, signal);
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
