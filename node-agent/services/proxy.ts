import type { V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { Log } from '#base/log.ts';
import type { EventRecorder } from '#client/event-recorder.ts';
import type { InformerFactory } from '#client/informer.ts';
import { keyOf, keyText } from '#client/key.ts';
import type { Runnable } from '#client/reconciler.ts';
import { type RunCommand, runCommand } from '../network/commands.ts';
import {
  flowsOf,
  forgetFlows,
  listArguments,
  type StaleFlows,
  staleFlows,
  staleInListing,
} from '../network/conntrack.ts';
import type { NodeRules } from '../network/node-rules.ts';
import type { HealthCheck, HealthCheckServers } from './health-checks.ts';
import { createServiceTable, type ServiceObjects } from './service-table.ts';

export interface ServiceProxyOptions {
  readonly informers: InformerFactory;
  readonly rules: Pick<NodeRules, 'set'>;
  readonly nodeName: string;
  readonly log: Log;
  /** Told of services that cannot be served. */
  readonly recorder?: EventRecorder | undefined;
  readonly healthChecks?: HealthCheckServers | undefined;
  /** For conntrack. @default the real thing */
  readonly run?: RunCommand | undefined;
}

/** Keeps this node's rules as services and endpoint slices say. */
export interface ServiceProxy extends Runnable {
  /** The kernel has the rules of every revision of endpoint slices up to this one; 0 before the first time. */
  applied(): bigint;
  /** Called after `applied` has grown. Returns its removal. Must not throw. */
  onApplied(listener: (applied: bigint) => void): () => void;
}

/** Who stands for all services in the table until the first ones are known. */
export const servicesOwner = 'services';

const serviceLabel = 'kubernetes.io/service-name';
const serviceIndex = 'service-proxy';
const ofService = ({ metadata }: V1EndpointSlice): readonly string[] => {
  const name = metadata?.labels?.[serviceLabel];
  return name === undefined ? [] : [`${metadata?.namespace}/${name}`];
};

export function createServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const { informers, rules, nodeName, log, recorder, healthChecks, run = runCommand } = options;
  const caches = {
    services: informers.informer(services),
    slices: informers.informer(endpointSlices, { [serviceIndex]: ofService }),
  };
  const table = createServiceTable(nodeName);
  const dirty = new Set<string>();
  const listeners = new Set<(applied: bigint) => void>();
  const refused = new Map<string, string>();
  let applied = 0n;
  let moved = false;
  let wake: (() => void) | undefined;

  const touch = (keys: readonly string[]): void => {
    for (const key of keys) dirty.add(key);
    wake?.();
  };

  /** Says once, and again when the reason changes, that a service is not served. */
  const tellRefused = (service: Stored<V1Service>, key: string, why: string | undefined): void => {
    if (refused.get(key) === why) return;
    if (why === undefined) refused.delete(key);
    else {
      refused.set(key, why);
      log.warn({ service: key, why }, 'a service is not served');
      recorder?.record(service, 'Warning', 'NotServed', `Not served on node ${nodeName}: ${why}.`);
    }
  };

  const reach = (version: string): void => {
    const reached = numberOf(version);
    if (reached <= applied) return;
    applied = reached;
    for (const listener of listeners) listener(applied);
  };

  const tellHealth = (): void => {
    if (!healthChecks) return;
    const checks = new Map<string, HealthCheck>();
    for (const [key, model] of table.models()) {
      if (model.healthCheckPort === undefined) continue;
      const slash = key.indexOf('/');
      const localEndpoints = Math.max(0, ...model.ports.map(({ eligible }) => eligible.localReady));
      const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)];
      checks.set(key, { namespace, name, port: model.healthCheckPort, localEndpoints });
    }
    healthChecks.set(checks);
  };

  const forget = async (stale: readonly StaleFlows[]): Promise<void> => {
    try {
      await forgetFlows(stale, run);
    } catch (error) {
      log.warn({ err: error }, 'UDP flows to endpoints that are gone could not be forgotten; they end by themselves');
    }
  };

  const forgetOld = async (flows: ReturnType<typeof flowsOf>): Promise<void> => {
    if (flows.size === 0) return;
    try {
      await forget(staleInListing(await run('conntrack', listArguments), flows));
    } catch (error) {
      log.warn({ err: error }, 'the UDP flows of this node could not be listed');
    }
  };

  /** One transaction of rules for everything that changed since the last one. */
  const pass = async (first: boolean): Promise<void> => {
    const version = caches.slices.lastResourceVersion();
    const keys = [...dirty];
    dirty.clear();
    moved = false;
    const found = new Map<string, ServiceObjects | undefined>();
    for (const key of keys) {
      const slash = key.indexOf('/');
      const service = caches.services.get({ namespace: key.slice(0, slash), name: key.slice(slash + 1) });
      found.set(key, service && { service, slices: caches.slices.byIndex(serviceIndex, key) });
    }
    const changes = table.update(found);
    for (const [key, object] of found) {
      if (object) tellRefused(object.service, key, table.problem(key));
      else refused.delete(key);
    }
    const written = new Map([...changes].map(([key, { elements }]) => [`service ${key}`, elements]));
    if (first) written.set(servicesOwner, undefined);
    if (written.size > 0) await rules.set(written);
    tellHealth();
    if (first)
      await forgetOld(new Map([...changes.values()].flatMap(({ elements }) => [...flowsOf(elements ?? new Map())])));
    else {
      const stale = [...changes.values()].flatMap(({ before, elements }) =>
        staleFlows(flowsOf(before), flowsOf(elements ?? new Map())),
      );
      if (stale.length > 0) await forget(stale);
    }
    reach(version);
  };

  const handler = {
    onAdd: (object: Stored<V1EndpointSlice>) => touch(ofService(object)),
    onUpdate: (object: Stored<V1EndpointSlice>, old: Stored<V1EndpointSlice>) =>
      touch([...ofService(old), ...ofService(object)]),
    onDelete: (object: Stored<V1EndpointSlice>) => touch(ofService(object)),
    onVersion: () => {
      moved = true;
      wake?.();
    },
  };
  const touchService = (object: Stored<V1Service>): void => touch([keyText(keyOf(object))]);

  const next = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const settle = (): void => {
        wake = undefined;
        signal.removeEventListener('abort', settle);
        resolve();
      };
      if (dirty.size > 0 || moved || signal.aborted) return settle();
      wake = settle;
      signal.addEventListener('abort', settle, { once: true });
    });

  return {
    name: 'service-proxy',
    applied: () => applied,
    onApplied(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async run(signal) {
      try {
        await Promise.all([caches.services.waitForSync(signal), caches.slices.waitForSync(signal)]);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const detach = [
        caches.slices.addHandler(handler),
        caches.services.addHandler({ onAdd: touchService, onUpdate: touchService, onDelete: touchService }),
      ];
      try {
        for (let first = true; !signal.aborted; first = false) {
          if (!first) await next(signal);
          if (!signal.aborted) await pass(first);
        }
      } catch (error) {
        // The rules wait for the kernel for as long as they run: only their end comes here.
        if (!signal.aborted) throw error;
      } finally {
        for (const remove of detach) remove();
        await healthChecks?.close();
      }
    },
  };
}

/** Versions are opaque, but ours and kube-apiserver's are numbers; another one never counts. */
function numberOf(version: string): bigint {
  return /^\d+$/.test(version) ? BigInt(version) : 0n;
}
