import { numberToIPv4, parseIPv4Network } from '#api/ipv4-network.ts';
import { RuntimeError } from '../errors.ts';

export interface AddressPool {
  take(): string;
  give(address: string): void;
}

/** IPv4 addresses of one subnet, next first, as host-local does; the network's, the bridge's and the broadcast address are left out. */
export function createAddressPool(cidr: string): AddressPool {
  const network = parseIPv4Network(cidr);
  if (!network || network.bits > 30) throw new Error(`"${cidr}" is not an IPv4 subnet with room for pods`);
  const size = network.last - network.first + 1;
  const taken = new Set<string>();
  let last = 1;
  return {
    take() {
      for (let step = 0; step < size - 3; step += 1) {
        last = last + 1 > size - 2 ? 2 : last + 1;
        const address = numberToIPv4(network.first + last);
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new RuntimeError('failed', `no IP addresses left in ${cidr}`);
    },
    give: (address) => taken.delete(address),
  };
}
