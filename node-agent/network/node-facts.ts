import { isIPv4 } from 'node:net';
import type { V1Node } from '#api/generated/types.ts';
import { isIPv4Network } from '#api/ipv4-network.ts';

/** What the pod network needs to know of a node. */
export interface NodeFacts {
  readonly name: string;
  /** Undefined while the server has given it none. */
  readonly podCidr: string | undefined;
  /** Where the machine is reached; undefined before it has told. */
  readonly address: string | undefined;
}

/** IPv4 only, of both. */
export function factsOf(node: V1Node): NodeFacts {
  const { spec, status, metadata } = node;
  const cidrs = spec?.podCIDRs && spec.podCIDRs.length > 0 ? spec.podCIDRs : [spec?.podCIDR ?? ''];
  return {
    name: metadata?.name ?? '',
    podCidr: cidrs.find(isIPv4Network),
    address: status?.addresses?.find(({ type, address }) => type === 'InternalIP' && isIPv4(address))?.address,
  };
}
