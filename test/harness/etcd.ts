/**
 * A throw-away etcd for tests: its own folder, free ports, nothing synced to disk, gone afterwards. In a container where
 * the run has an engine (`test/integration/setup.ts`), else as a process.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerOf } from './engine/owner.ts';
import { readEngineSettings } from './engine/settings.ts';
import { createEtcdContainer } from './etcd-container.ts';
import { makeEtcdFolder } from './etcd-folder.ts';
import { createEtcdProcess, type EtcdRun } from './etcd-process.ts';
import { freePorts } from './ports.ts';

export interface TestEtcd {
  readonly endpoints: readonly string[];
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does; the folder stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and folder; kills it first when it runs. */
  restart(): Promise<void>;
}

export interface TestEtcdOptions {
  /** Default: temporary and removed by `stop`. */
  readonly dataDir?: string;
  /** More of etcd's flags. */
  readonly flags?: readonly string[];
}

const readyMaxMs = 20_000;

/** Rejects, with what etcd said, when it ends before it is ready. */
export async function startEtcd(options: TestEtcdOptions = {}): Promise<TestEtcd> {
  const engine = readEngineSettings();
  const folder = options.dataDir ?? (await makeEtcdFolder(engine?.owner ?? ownerOf()));
  const clientPort = await freePorts(2);
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${clientPort + 1}`;
  const flags = [
    ...['--name', 'test', '--data-dir', join(folder, 'data'), '--log-level', 'error', '--logger', 'zap'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `test=${peer}`],
    ...(options.flags ?? []),
  ];

  const run = engine ? createEtcdContainer(engine, flags, folder) : createEtcdProcess(flags);
  const start = async (): Promise<void> => {
    await run.start();
    await ready(run, client);
  };
  const stop = async (): Promise<void> => {
    await run.remove();
    if (!options.dataDir) await rm(folder, { recursive: true, force: true });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoints: [client],
    stop,
    kill: () => run.kill(),
    async restart() {
      await run.kill();
      await start();
    },
  };
}

/** Resolves when etcd says that it is healthy, rejects when it ends first or takes too long. */
async function ready(run: EtcdRun, client: string): Promise<void> {
  const untilMs = performance.now() + readyMaxMs;
  while (performance.now() < untilMs) {
    const answer = await fetch(`${client}/health`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    if (answer?.ok && (await answer.text()).includes('true')) return;
    const lastWords = await run.lastWords();
    if (lastWords !== undefined) throw new Error(`etcd ended before it was ready: ${lastWords}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`etcd was not ready within ${readyMaxMs} ms`);
}
