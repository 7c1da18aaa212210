import { RuntimeError } from '../errors.ts';

export interface AddressPool {
  take(): string;
  give(address: string): void;
}

/** IPv4 addresses of one subnet, next first, as host-local does; the network's, the bridge's and the broadcast address are left out. */
export function createAddressPool(cidr: string): AddressPool {
  const [base = '', bits = ''] = cidr.split('/');
  const network = base.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(bits));
  if (!Number.isSafeInteger(network) || !(size >= 4))
    throw new Error(`"${cidr}" is not an IPv4 subnet with room for pods`);
  const taken = new Set<string>();
  let last = 1;
  return {
    take() {
      for (let step = 0; step < size - 3; step += 1) {
        last = last + 1 > size - 2 ? 2 : last + 1;
        const address = format(network + last);
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new RuntimeError('failed', `no IP addresses left in ${cidr}`);
    },
    give: (address) => taken.delete(address),
  };
}

const format = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
