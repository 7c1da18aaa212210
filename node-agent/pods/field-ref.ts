import type { V1Container, V1ObjectFieldSelector, V1ResourceFieldSelector } from '#api/generated/types.ts';
import { parseQuantity, quantityMilli, quantityValue } from '#api/quantity.ts';
import { ContainerConfigError } from './errors.ts';
import { type ApiPod, containersOf, specOf } from './pod-model.ts';

/** What a pod may know of itself and of its node. */
export interface PodFacts {
  readonly pod: ApiPod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  /** The node's allocatable amounts: what `limits.memory` says of a container without a limit. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Throws a ContainerConfigError for a field that has no value to offer. */
export function fieldValue(ref: V1ObjectFieldSelector, facts: PodFacts): string {
  const { pod } = facts;
  const metadata = pod.metadata;
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(ref.fieldPath);
  if (keyed) return metadata[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (ref.fieldPath) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'spec.nodeName':
      return specOf(pod).nodeName ?? '';
    case 'spec.serviceAccountName':
      return specOf(pod).serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.hostIps[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIps.join(',');
    case 'status.podIP':
      return facts.podIps[0] ?? '';
    case 'status.podIPs':
      return facts.podIps.join(',');
    default:
      throw new ContainerConfigError(`field label not supported: ${ref.fieldPath}`);
  }
}

/** `key="value"` lines in order of keys, the value quoted and escaped. */
const formatMap = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** In units of the divisor, rounded up. A limit that is not set is the node's allocatable amount. */
export function resourceValue(ref: V1ResourceFieldSelector, own: V1Container | undefined, facts: PodFacts): string {
  const container = ref.containerName
    ? containersOf(facts.pod).find(({ spec }) => spec.name === ref.containerName)?.spec
    : own;
  if (!container) throw new ContainerConfigError(`container ${ref.containerName ?? ''} not found`);
  const [list, ...rest] = ref.resource.split('.');
  const name = rest.join('.');
  if ((list !== 'limits' && list !== 'requests') || !name)
    throw new ContainerConfigError(`unsupported container resource: ${ref.resource}`);
  const limit = container.resources?.limits?.[name];
  const text =
    list === 'limits' ? (limit ?? facts.allocatable[name]) : (container.resources?.requests?.[name] ?? limit);
  const divisor = ref.divisor === undefined || ref.divisor === '0' ? '1' : ref.divisor;
  const amount = parseQuantity(text ?? '0');
  if (name === 'cpu') return String(Math.ceil(quantityMilli(amount) / quantityMilli(parseQuantity(divisor))));
  return String(Math.ceil(quantityValue(amount) / quantityValue(parseQuantity(divisor))));
}
