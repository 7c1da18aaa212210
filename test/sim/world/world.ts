import { type ClusterConfig, clusterConfig } from '#api/cluster-config.ts';
import type { V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import { isAlreadyExists, serviceUnavailable } from '#api/status-error.ts';
import { createSilentLog, type Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createVirtualClock, type VirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { type FaultMix, noFaults } from '#client/testing/faults.ts';
import { type ControllerSettings, lostNodeSettings } from '#control-plane/controllers/settings.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { AgentSettings } from '#node-agent/agent-settings.ts';
import { type Containers, watchContainers } from './containers.ts';
import { forwardingClient } from './forwarding-client.ts';
import { type Check, followHistory, type History } from './history.ts';
import { type Attendant, type Machine, startMachine } from './machine.ts';
import { type SimServer, startServer } from './server.ts';
import { createSlowStore, type DiskTrouble, goodDisk } from './slow-store.ts';

/** A whole cluster in one process, on virtual time, from one seed. */
export interface World {
  readonly seed: number;
  readonly clock: VirtualClock;
  /** For the scenario's own choices. */
  readonly random: Random;
  /** What a user does: no faults; fails while the server is down. */
  readonly user: ApiClient;
  readonly history: History;
  readonly machines: readonly Machine[];
  addMachines(count: number): void;
  crashServer(): Promise<void>;
  startServer(): Promise<void>;
  /** SIGSTOP and SIGCONT of the server, if it runs. */
  pauseServer(): void;
  resumeServer(): void;
  /** Undefined while it is down or stopped. */
  readonly serverWellSinceMs: number | undefined;
  /** Since when server, disk and network have been well enough to keep a bound in time. */
  readonly quietSinceMs: number;
  setDisk(trouble: DiskTrouble): void;
  /** What really runs. */
  readonly containers: Containers;
  setFaults(mix: FaultMix): void;
  /**
   * Lets time pass until `pending` names nothing. Throws with what is pending, the seed and what the checks found once the
   * budget of virtual time is used up; at once when a check fails.
   */
  converge(what: string, pending: () => readonly string[], budgetMs: number): Promise<void>;
  /** Lets time pass; throws when a check fails. */
  pass(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly checks: (now: () => number) => readonly Check[];
  readonly settings?: ControllerSettings;
  readonly cluster?: ClusterConfig;
  readonly agents?: AgentSettings;
  /** Machines' clocks differ by up to so many milliseconds, and run so much (a share of 1) fast or slow. @default neither */
  readonly skew?: { readonly offsetMaxMs: number; readonly rateMax: number };
  readonly log?: Log;
  readonly attendant?: Attendant;
}

/** Where a request may take longer, nobody can promise how long a few of them take. */
const promptDelayMs = 1_000;

/** Asking what is pending looks at every object: not after each of a thousand events in one moment. */
const pendingEveryMs = 100;

export async function createWorld(options: WorldOptions): Promise<World> {
  const { seed, log = createSilentLog() } = options;
  const clock = createVirtualClock();
  const seeds = createSeededRandom(seed);
  const nextRandom = (): Random => createSeededRandom(Math.floor(seeds.next() * 2 ** 32));
  const random = nextRandom();
  const serverRandom = nextRandom();
  const machineRandom = nextRandom();
  const raw = createMemoryStore({ clock });
  const diskRandom = nextRandom();
  let disk = goodDisk;
  /** When the faults of disk or network were last chosen. */
  let changedMs = 0;
  const store = createSlowStore(raw, clock, diskRandom.next, () => disk);
  const life = new AbortController();
  const history = followHistory(
    raw,
    clock,
    options.checks(() => clock.now()),
    life.signal,
  );
  const machines: Machine[] = [];
  let faults = noFaults;
  const containers = watchContainers((what) => history.violate(what));
  const cluster = options.cluster ?? clusterConfig();
  let server: SimServer | undefined;
  let serverWellSinceMs: number | undefined;

  /** Whatever needs virtual time to end gets it. */
  const finish = async <T>(work: Promise<T>): Promise<T> => {
    let ended = false;
    const watched = work.finally(() => {
      ended = true;
    });
    watched.catch(() => {});
    await clock.runUntil(() => ended, 600_000);
    return watched;
  };

  const start = async (): Promise<void> => {
    if (server) throw new Error('the server runs already');
    server = await finish(
      startServer({
        store,
        clock,
        random: serverRandom,
        log,
        history: () => history,
        mix: () => faults,
        settings: { ...lostNodeSettings(cluster), ...options.settings },
        cluster,
      }),
    );
    serverWellSinceMs = clock.now();
    for (const name of ['default', 'kube-system', 'kube-node-lease'])
      await finish(ensureNamespace(server.client, name));
  };

  const user = forwardingClient(() => {
    if (!server) throw serviceUnavailable('the server is down');
    return server.client;
  });

  const failIfViolated = (doing: string): void => {
    if (history.violations.length > 0) throw new Error(report(`a check failed while ${doing}`, history.violations));
  };

  const report = (headline: string, lines: readonly string[]): string =>
    [`${headline} (replay with SEED=${seed})`, ...lines.slice(0, 20).map((line) => `  ${line}`)].join('\n');

  const world: World = {
    seed,
    clock,
    random,
    user,
    history,
    machines,
    containers,
    get serverWellSinceMs() {
      return serverWellSinceMs;
    },
    pauseServer() {
      server?.pause();
      serverWellSinceMs = undefined;
    },
    resumeServer() {
      server?.resume();
      if (server) serverWellSinceMs ??= clock.now();
    },
    get quietSinceMs() {
      const troubled = disk.latencyMaxMs > 0 || faults.delayMaxMs > promptDelayMs || faults.watchCut > 0;
      if (serverWellSinceMs === undefined || troubled) return clock.now();
      return Math.max(serverWellSinceMs, disk.stalledUntilMs, changedMs);
    },
    setDisk(trouble) {
      changedMs = clock.now();
      disk = trouble;
    },
    addMachines(count) {
      for (let added = 0; added < count; added += 1) {
        const index = machines.length;
        const name = `node-${index}`;
        const { offsetMaxMs = 0, rateMax = 0 } = options.skew ?? {};
        const spread = (max: number): number => (max === 0 ? 0 : (machineRandom.next() * 2 - 1) * max);
        const skew = { offsetMs: spread(offsetMaxMs), rate: 1 + spread(rateMax) };
        const settings = { fenceSeconds: cluster.fenceSeconds, ...options.agents };
        const own = { name, index, client: user, clock, random: machineRandom, log, mix: () => faults };
        machines.push(startMachine({ ...own, settings, skew, containers, attendant: options.attendant }));
      }
    },
    async crashServer() {
      const dying = server;
      server = undefined;
      serverWellSinceMs = undefined;
      if (dying) await finish(dying.crash());
    },
    startServer: start,
    setFaults(mix) {
      changedMs = clock.now();
      faults = mix;
    },
    async converge(what, pending, budgetMs) {
      const endMs = clock.now() + budgetMs;
      let checkedAtMs = Number.NEGATIVE_INFINITY;
      let checkedChanges = -1;
      do {
        failIfViolated(what);
        if (clock.now() - checkedAtMs < pendingEveryMs || checkedChanges === history.changes) continue;
        checkedAtMs = clock.now();
        checkedChanges = history.changes;
        if (pending().length === 0) return;
      } while (await clock.step(endMs));
      const left = pending();
      if (left.length > 0) throw new Error(report(`${what}: not within ${budgetMs / 1000} s of virtual time`, left));
    },
    async pass(durationMs) {
      await clock.advance(durationMs);
      failIfViolated('time passed');
    },
    async close() {
      world.resumeServer();
      await finish(Promise.all(machines.map((machine) => machine.die())));
      await world.crashServer();
      life.abort(new Error('the world ends'));
      await raw.close();
    },
  };
  await start();
  return world;
}

async function ensureNamespace(client: ApiClient, name: string): Promise<void> {
  const namespace: V1Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  try {
    await client.create(namespaces, namespace);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
