import type { FieldError } from '#api/field-error.ts';
import type { V1Service, V1ServiceSpec } from '#api/generated/types.ts';
import { services } from '#api/kinds.ts';
import type { KubeObject, ObjectKey } from '#api/meta.ts';
import { allocateClusterIP } from '#api/services/cluster-ip.ts';
import { allocateNodePort, type PortRange } from '#api/services/node-port.ts';
import { internalError, invalid, isNotFound } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { Runnable } from '#client/reconciler.ts';
import type { Store } from '../../store/store.ts';
import { isOfType } from '../actions/of-type.ts';
import type { AdmissionHook, AdmissionOutcome, AdmissionRequest } from '../registry/admission.ts';
import type { RequestContext, ResourceRegistry } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type Claim, createAddressClaims, createPortClaims } from './claims.ts';
import { createReservations } from './reservations.ts';
import {
  addressesOf,
  createServiceClaims,
  portKey,
  portKeysOf,
  type ServiceClaims,
  type ServiceValue,
  valuesOf,
} from './service-claims.ts';

export interface ServiceAddressOptions {
  /** IPv4, for example 10.43.0.0/16. */
  readonly serviceCidr: string;
  /** Inclusive; default 30000 to 32767. */
  readonly nodePorts?: PortRange | undefined;
  /** Where claims are kept. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The registry of services, which there is only after the hook. */
  registry(): ResourceRegistry | undefined;
}

/** The hook, and what mends its claims after a crash for as long as it runs. */
export interface ServiceAddresses extends AdmissionHook, Runnable {}

/** How many values are tried that another server has taken and we have not heard of yet. */
const attemptsMax = 16;
const repairMs = 60_000;

interface Pending {
  readonly uid: string;
  readonly taken: ServiceValue[];
  readonly before: readonly ServiceValue[];
  readonly after: readonly ServiceValue[];
}

/**
 * Gives services their cluster address and node ports, and refuses those that another one has. Each is claimed in the store before
 * the service is written, and given back when the service goes or does not need it any more.
 */
export function createServiceAddresses(options: ServiceAddressOptions): ServiceAddresses {
  const { clock, random, log, store, serviceCidr, nodePorts = { first: 30_000, last: 32_767 } } = options;
  /** Saves asking the store for what this server has given away itself. */
  const addresses = createReservations<string>(clock);
  const ports = createReservations<string>(clock);
  const pending = new WeakMap<AdmissionRequest, Pending>();
  const registryOf = (): ResourceRegistry => {
    const registry = options.registry();
    if (!registry) throw internalError('services are not served');
    return registry;
  };
  const own: RequestContext = {
    user: { name: 'system:apiserver', groups: [] },
    signal: new AbortController().signal,
    warnings: [],
  };

  const list = async (context: RequestContext, resourceVersion?: string): Promise<V1Service[]> => {
    const { items } = await registryOf().list(context, { resourceVersion });
    return items
      .map(({ object }): KubeObject => object)
      .filter((object): object is V1Service => isOfType(services, object));
  };
  const newest = async (key: { readonly namespace: string; readonly name: string }): Promise<V1Service | undefined> => {
    try {
      const object: KubeObject = (await registryOf().get(own, key, {})).object;
      return isOfType(services, object) ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const claims: ServiceClaims = createServiceClaims({
    tables: { address: createAddressClaims(store, random), port: createPortClaims(store) },
    service: newest,
    services: () => list(own),
    clock,
    log,
  });

  const release = async (values: readonly ServiceValue[], uid: string): Promise<void> => {
    for (const { kind, value } of values) (kind === 'address' ? addresses : ports).release(value);
    await claims.release(values, uid);
  };

  /** Claims a value, unless the request is a mere try. */
  const take = async (value: ServiceValue, task: Task): Promise<boolean> => {
    if (task.dryRun) return true;
    if (!(await claims.take(value, task.claim))) return false;
    task.taken.push(value);
    return true;
  };

  const giveAddress = async (spec: V1ServiceSpec, task: Task): Promise<FieldError[]> => {
    const requested = spec.clusterIP || undefined;
    if (requested === 'None') {
      spec.clusterIPs ??= ['None'];
      return [];
    }
    // Of what is asked for, the claim decides.
    const held = requested ? [] : addresses.heldByOthers(task.owner);
    const used = new Set([...task.others.flatMap((one) => addressesOf(one.spec ?? {})), ...held]);
    for (let attempt = 0; ; attempt++) {
      const seed = Math.floor(random.next() * 2 ** 31);
      const result = allocateClusterIP({ cidr: serviceCidr, used, requested, seed });
      if ('error' in result) return [result.error];
      const { ip } = result;
      if (attempt < attemptsMax && !(await take({ kind: 'address', value: ip }, task))) {
        used.add(ip);
        continue;
      }
      if (attempt === attemptsMax)
        throw internalError('failed to allocate a serviceIP: too many of them were just taken');
      if (!task.dryRun) addresses.hold(ip, task.owner);
      spec.clusterIP = ip;
      spec.clusterIPs = [ip];
      spec.ipFamilies ??= ['IPv4'];
      spec.ipFamilyPolicy ??= 'SingleStack';
      return [];
    }
  };

  const giveNodePorts = async (spec: V1ServiceSpec, task: Task, needed: Needed): Promise<FieldError[]> => {
    const used = new Set(task.others.flatMap((one) => portKeysOf(one.spec ?? {})));
    const held = new Set([...used, ...ports.heldByOthers(task.owner)]);
    const mine = new Set(task.before.filter(({ kind }) => kind === 'port').map(({ value }) => value));
    const errors: FieldError[] = [];
    const give = async (port: Wanted, assign: (nodePort: number) => void): Promise<void> => {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const taken = port.requested ? used : held;
        const result = allocateNodePort({ ...port, range: nodePorts, used: taken, random: random.next() });
        if ('error' in result) {
          errors.push(result.error);
          return;
        }
        const value = portKey(port, result.nodePort);
        if (mine.has(value) || (await take({ kind: 'port', value }, task))) {
          used.add(value);
          held.add(value);
          if (!task.dryRun) ports.hold(value, task.owner);
          assign(result.nodePort);
          return;
        }
        used.add(value);
        held.add(value);
      }
      throw internalError('failed to allocate a nodePort: too many of them were just taken');
    };
    for (const [index, port] of (needed.ports ? (spec.ports ?? []) : []).entries()) {
      const field = `spec.ports[${index}].nodePort`;
      // The same number for all protocols of one port, where it is free.
      const sibling = spec.ports?.find((one) => one.port === port.port && one !== port && one.nodePort)?.nodePort;
      await give({ protocol: port.protocol, requested: port.nodePort, preferred: sibling, field }, (nodePort) => {
        port.nodePort = nodePort;
      });
    }
    if (needed.healthCheck) {
      const field = 'spec.healthCheckNodePort';
      await give({ protocol: 'TCP', requested: spec.healthCheckNodePort, field }, (nodePort) => {
        spec.healthCheckNodePort = nodePort;
      });
    }
    return errors;
  };

  return {
    name: 'service-addresses',
    async admit(request) {
      const { definition, object, old, operation, subresource, key, dryRun, context } = request;
      if (operation === 'DELETE' || subresource || !object || !isService(definition, object) || !object.spec) return;
      const { spec } = object;
      const previous = old && isService(definition, old) ? old : undefined;
      const before = previous?.spec;
      const { uid = '' } = object.metadata ?? {};
      const task: Task = {
        // A name that is yet to be generated is nobody else's.
        owner: key.name ? `${key.namespace}/${key.name}` : uid,
        claim: { namespace: key.namespace ?? '', name: key.name, uid, atMs: clock.now() },
        before: previous ? valuesOf(previous) : [],
        others: [],
        taken: [],
        dryRun,
      };
      const needsAddress =
        spec.type !== 'ExternalName' && (!before || before.clusterIP !== spec.clusterIP || !spec.clusterIP);
      const needed = neededOf(spec, before);
      try {
        if (needsAddress || needed.ports || needed.healthCheck) {
          task.others = othersThan(key, await list(context, '0'));
          const asked = valuesOf(object);
          // The cache may not know yet that the one that had it is gone.
          const isTaken = task.others.some((one) => valuesOf(one).some((value) => includes(asked, value)));
          if (isTaken) task.others = othersThan(key, await list(context));
          const errors = [
            ...(needsAddress ? await giveAddress(spec, task) : []),
            ...(needed.ports || needed.healthCheck ? await giveNodePorts(spec, task, needed) : []),
          ];
          if (errors.length) throw invalid('Service', '', key.name, errors);
        }
      } finally {
        const { taken } = task;
        if (!dryRun) pending.set(request, { uid, taken, before: task.before, after: valuesOf(object) });
      }
    },
    async settled(request, outcome) {
      const { definition, operation, old, key, dryRun } = request;
      if (dryRun || request.subresource) return;
      if (operation === 'DELETE') {
        if (outcome === 'removed' && old && isService(definition, old)) {
          await release(valuesOf(old), old.metadata?.uid ?? '');
        }
        return;
      }
      const state = pending.get(request);
      pending.delete(request);
      if (state) await release(await surplus(state, outcome, key.namespace ?? '', key.name), state.uid);
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          await claims.repair();
        } catch (error) {
          if (!signal.aborted)
            log.warn({ err: error }, 'the addresses of services could not be compared with their claims');
        }
        await clock.sleep(repairMs, signal).catch(() => undefined);
      }
    },
  };

  /** What the service has not got, or has no more. */
  async function surplus(
    state: Pending,
    outcome: AdmissionOutcome,
    namespace: string,
    name: string,
  ): Promise<ServiceValue[]> {
    const { before, after, taken, uid } = state;
    if (outcome === 'removed') return [...before, ...after];
    if (outcome === 'written') return before.filter((value) => !includes(after, value));
    if (taken.length === 0) return [];
    try {
      // The write may have succeeded all the same.
      const current = await newest({ namespace, name });
      const has = current?.metadata?.uid === uid ? valuesOf(current) : [];
      return taken.filter((value) => !includes(has, value));
    } catch {
      return [];
    }
  }
}

/** One request while it is admitted. */
interface Task {
  readonly owner: string;
  readonly claim: Claim;
  readonly before: readonly ServiceValue[];
  others: readonly V1Service[];
  readonly taken: ServiceValue[];
  readonly dryRun: boolean;
}

interface Wanted {
  readonly protocol: string | undefined;
  readonly requested: number | undefined;
  readonly preferred?: number | undefined;
  readonly field: string;
}

interface Needed {
  readonly ports: boolean;
  readonly healthCheck: boolean;
}

const othersThan = ({ namespace, name }: ObjectKey, all: readonly V1Service[]): V1Service[] =>
  all.filter(({ metadata }) => metadata?.name !== name || metadata.namespace !== namespace);

const includes = (values: readonly ServiceValue[], { kind, value }: ServiceValue): boolean =>
  values.some((one) => one.kind === kind && one.value === value);

/** Callers in process need not say the kind in the object. */
const isService = ({ type }: ResourceDefinition, _object: KubeObject): _object is V1Service =>
  type.group === services.group && type.resource === services.resource;

/** Which ports are to be given; what a PUT leaves out is what the service had. */
function neededOf(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): Needed {
  const hasNodePorts =
    spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  if (hasNodePorts && before) keepNodePorts(spec, before);
  const asksForPorts = spec.type === 'LoadBalancer' && (spec.ports ?? []).some(({ nodePort }) => nodePort);
  const checked = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (checked && before?.healthCheckNodePort) spec.healthCheckNodePort ??= before.healthCheckNodePort;
  return {
    ports: (hasNodePorts || asksForPorts) && portsChanged(spec, before),
    healthCheck: checked && (!spec.healthCheckNodePort || spec.healthCheckNodePort !== before?.healthCheckNodePort),
  };
}

/** A PUT that leaves node ports out keeps those it had. */
function keepNodePorts(spec: V1ServiceSpec, before: V1ServiceSpec): void {
  const wanted = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const same = before.ports?.find(
      (one) =>
        one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP') && !wanted.has(one.nodePort),
    );
    if (same?.nodePort) port.nodePort = same.nodePort;
  }
}

function portsChanged(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): boolean {
  const had = new Set((before?.ports ?? []).map((port) => portKey(port, port.nodePort ?? 0)));
  return (spec.ports ?? []).some((port) => !port.nodePort || !had.has(portKey(port, port.nodePort)));
}
