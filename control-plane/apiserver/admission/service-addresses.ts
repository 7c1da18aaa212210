import { type FieldError, fieldInvalid } from '#api/field-error.ts';
import type { V1Service, V1ServicePort, V1ServiceSpec } from '#api/generated/types.ts';
import { services } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import { allocateClusterIP } from '#api/services/cluster-ip.ts';
import { internalError, invalid } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { isOfType } from '../actions/of-type.ts';
import type { AdmissionHook, AdmissionRequest } from '../registry/admission.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { createReservations } from './reservations.ts';

export interface ServiceAddressOptions {
  /** IPv4, for example 10.43.0.0/16. */
  readonly serviceCidr: string;
  /** Inclusive; default 30000 to 32767. */
  readonly nodePorts?: { readonly first: number; readonly last: number } | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** The registry of services, which there is only after the hook. */
  registry(): ResourceRegistry | undefined;
}

/**
 * Gives services their cluster address and node ports, and refuses those that another one has. What it gave counts as taken
 * from then on, so two requests at once get two addresses. Several servers on one store could still give one address twice
 * in the same moment; the address of a service does not change after that, so such a pair has to be deleted by hand.
 */
export function createServiceAddresses(options: ServiceAddressOptions): AdmissionHook {
  const { clock, random, serviceCidr, nodePorts = { first: 30_000, last: 32_767 } } = options;
  const addresses = createReservations<string>(clock);
  const ports = createReservations<string>(clock);

  const othersOf = async ({ context, key }: AdmissionRequest): Promise<V1Service[]> => {
    const registry = options.registry();
    if (!registry) throw internalError('services are not served');
    const { items } = await registry.list(context, { resourceVersion: '0' });
    return items
      .map(({ object }): KubeObject => object)
      .filter((object): object is V1Service => isOfType(services, object))
      .filter(({ metadata }) => metadata?.name !== key.name || metadata.namespace !== key.namespace);
  };

  const giveAddress = (spec: V1ServiceSpec, others: readonly V1Service[], owner: string): FieldError[] => {
    const requested = spec.clusterIP || undefined;
    if (requested === 'None') {
      spec.clusterIPs ??= ['None'];
      return [];
    }
    const used = new Set([...others.flatMap(addressesOf), ...addresses.heldByOthers(owner)]);
    const result = allocateClusterIP({ cidr: serviceCidr, used, requested, seed: Math.floor(random.next() * 2 ** 31) });
    if ('error' in result) return [result.error];
    addresses.hold(result.ip, owner);
    spec.clusterIP = result.ip;
    spec.clusterIPs = [result.ip];
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    return [];
  };

  const giveNodePorts = (spec: V1ServiceSpec, others: readonly V1Service[], owner: string): FieldError[] => {
    const used = new Set([...others.flatMap(nodePortsOf), ...ports.heldByOthers(owner)]);
    const errors: FieldError[] = [];
    for (const [index, port] of (spec.ports ?? []).entries()) {
      const field = `spec.ports[${index}].nodePort`;
      const asked = port.nodePort;
      if (asked && (asked < nodePorts.first || asked > nodePorts.last)) {
        const range = `${nodePorts.first}-${nodePorts.last}`;
        errors.push(
          fieldInvalid(field, asked, `provided port is not in the valid range. The range of valid ports is ${range}`),
        );
      } else if (asked && used.has(portKey(port, asked))) {
        errors.push(fieldInvalid(field, asked, 'provided port is already allocated'));
      } else {
        const given = asked || freeNodePort(port, used);
        if (given === undefined) errors.push(fieldInvalid(field, 0, 'failed to allocate a nodePort: range is full'));
        else hold(port, given, used, owner);
      }
    }
    return errors;
  };

  const freeNodePort = (port: V1ServicePort, used: ReadonlySet<string>): number | undefined => {
    const count = nodePorts.last - nodePorts.first + 1;
    const start = Math.floor(random.next() * count);
    for (let step = 0; step < count; step++) {
      const candidate = nodePorts.first + ((start + step) % count);
      if (!used.has(portKey(port, candidate))) return candidate;
    }
    return undefined;
  };

  const hold = (port: V1ServicePort, nodePort: number, used: Set<string>, owner: string): void => {
    port.nodePort = nodePort;
    used.add(portKey(port, nodePort));
    ports.hold(portKey(port, nodePort), owner);
  };

  return {
    name: 'service-addresses',
    async admit(request) {
      const { definition, object, old, operation, subresource, key } = request;
      if (operation === 'DELETE' || subresource || !object || !isService(definition, object) || !object.spec) return;
      const { spec } = object;
      const before = old && isService(definition, old) ? old.spec : undefined;
      const needsAddress =
        spec.type !== 'ExternalName' && (!before || before.clusterIP !== spec.clusterIP || !spec.clusterIP);
      const needsNodePorts =
        spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
      if (needsNodePorts && before) keepNodePorts(spec, before);
      const lacksPort = needsNodePorts && portsChanged(spec, before);
      if (!needsAddress && !lacksPort) return;
      // A name that is yet to be generated is nobody else's.
      const owner = key.name ? `${key.namespace}/${key.name}` : random.uuid();
      const others = await othersOf(request);
      const errors = [
        ...(needsAddress ? giveAddress(spec, others, owner) : []),
        ...(lacksPort ? giveNodePorts(spec, others, owner) : []),
      ];
      if (errors.length) throw invalid('Service', '', key.name, errors);
    },
  };
}

/** Callers in process need not say the kind in the object. */
const isService = ({ type }: ResourceDefinition, _object: KubeObject): _object is V1Service =>
  type.group === services.group && type.resource === services.resource;

const addressesOf = ({ spec }: V1Service): string[] =>
  spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP ?? ''];

const nodePortsOf = ({ spec }: V1Service): string[] =>
  (spec?.ports ?? []).flatMap((port) => (port.nodePort ? [portKey(port, port.nodePort)] : []));

const portKey = ({ protocol }: V1ServicePort, nodePort: number): string => `${protocol ?? 'TCP'}/${nodePort}`;

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
