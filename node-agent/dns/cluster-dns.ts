import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { InformerFactory } from '#client/informer.ts';
import type { Runnable } from '#client/reconciler.ts';
import { createDirectory } from './directory.ts';
import type { Exchange } from './exchange.ts';
import { createForwarder } from './forwarder.ts';
import { createHandler, type HandleMessage } from './handler.ts';
import { listenTcp } from './tcp-listener.ts';
import { type Listener, listenUdp } from './udp-listener.ts';
import type { Upstream } from './upstream.ts';
import { createZone } from './zone.ts';

export interface ClusterDnsOptions {
  /** Of services and endpoint slices, started by whoever owns it. */
  readonly informers: InformerFactory;
  /** `cluster.local` */
  readonly domain: string;
  /** The address that pods ask. */
  readonly clusterDns: string;
  /** Networks of pods and services: their reverse names are answered here alone. */
  readonly networks: readonly string[];
  /** Who answers for all other names. */
  readonly upstream: Upstream;
  /** Where to listen; without an address, `setListenAddress` brings one. @default port 53 */
  readonly listen?: { readonly address?: string | undefined; readonly port?: number | undefined } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** @default by UDP and TCP */
  readonly exchange?: Exchange | undefined;
}

/** The name server of one machine's pods. What it knows of the cluster it goes on answering while the server is away. */
export interface ClusterDns extends Runnable {
  /** The bridge's address, once the machine has its part of the pod network, and whenever that changes. */
  setListenAddress(address: string): void;
  /** Where it answers now. */
  readonly listening: { readonly address: string; readonly port: number } | undefined;
}

const retryFirstMs = 100;
const retryMaxMs = 5_000;
/** A machine may move to another network, with other servers. */
const refreshMs = 30_000;

export function createClusterDns(options: ClusterDnsOptions): ClusterDns {
  const { domain, clusterDns, networks, clock, random } = options;
  const log = options.log.child({ part: 'dns' });
  const port = options.listen?.port ?? 53;
  let address = options.listen?.address;
  let listening: { address: string; port: number } | undefined;
  let onAddress: () => void = () => undefined;

  const serve = async (handle: HandleMessage, signal: AbortSignal): Promise<void> => {
    let failures = 0;
    signal.addEventListener('abort', () => onAddress(), { once: true });
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => {
        onAddress = resolve;
      });
      if (address === undefined) {
        await changed;
        continue;
      }
      const open: Listener[] = [];
      try {
        const udp = await listenUdp(address, port, handle, signal);
        open.push(udp);
        const tcp = await listenTcp(address, udp.port, handle, clock, signal);
        open.push(tcp);
        listening = { address, port: udp.port };
        failures = 0;
        log.info(listening, 'answering names');
        const failure = await Promise.race([changed, udp.failed, tcp.failed]);
        if (failure) log.warn({ err: failure }, 'listening for names ended; it begins again');
      } catch (error) {
        failures += 1;
        const retryMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures, 10));
        // While the bridge is being made, its address is not there yet.
        const level = failures > quietFailures ? 'warn' : 'debug';
        log[level]({ address, port, why: messageOf(error), retryMs }, 'names cannot be answered yet');
        await Promise.race([changed, clock.sleep(retryMs, signal).catch(() => undefined)]);
      } finally {
        listening = undefined;
        await Promise.all(open.map((listener) => listener.close()));
      }
    }
  };

  const keepUpstream = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await options.upstream.refresh().catch((error: unknown) => {
        log.warn({ why: messageOf(error) }, "the machine's own DNS servers could not be read");
      });
      await clock.sleep(refreshMs, signal).catch(() => undefined);
    }
  };

  return {
    name: 'cluster dns',
    get listening() {
      return listening;
    },
    setListenAddress(next) {
      if (next === address) return;
      address = next;
      onAddress();
    },
    async run(signal) {
      const directory = createDirectory(options.informers);
      const zone = createZone(directory, { domain, clusterDns, networks });
      const forwarder = createForwarder({
        servers: options.upstream.servers,
        clock,
        random,
        log,
        ...(options.exchange && { exchange: options.exchange }),
      });
      const handle = createHandler({ zone, forwarder, synced: () => directory.synced, random, log });
      try {
        await Promise.all([keepUpstream(signal), serve(handle, signal)]);
      } finally {
        directory.close();
      }
    },
  };
}

const quietFailures = 5;
