import { createSocket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { machineAddress } from './machine.ts';
import type { HostSettings } from './settings.ts';

/**
 * The address that this machine uses on its way to another, as the kernel's routes say; nothing is sent. Undefined when
 * there is no way, or the name cannot be resolved.
 */
export function sourceAddress(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const end = (address: string | undefined): void => {
      socket.removeAllListeners();
      // A late error of a socket that is being closed is nobody's.
      socket.on('error', () => {});
      socket.close();
      resolve(address);
    };
    socket.once('error', () => end(undefined));
    socket.once('connect', () => end(socket.address().address));
    // Any port will do: only the route is asked for.
    socket.connect(anyPort, host);
  });
}

const anyPort = 9;

/** What `sourceAddress` and `machineAddress` find, for tests. */
export interface AddressFinders {
  readonly towards: (host: string) => Promise<string | undefined>;
  readonly ofMachine: () => string;
}

const realFinders: AddressFinders = { towards: sourceAddress, ofMachine: machineAddress };

/**
 * The settings with the address that the machine has now. A chosen address stays, and so does the last one found while
 * the machine has none: its network may come up after us.
 */
export async function withCurrentAddress<T extends HostSettings>(
  settings: T,
  find: AddressFinders = realFinders,
): Promise<T> {
  if (!settings.nodeAddressAuto) return settings;
  const found = settings.role === 'agent' ? await find.towards(serverHost(settings.servers[0])) : find.ofMachine();
  if (found === undefined || isLoopback(found)) return settings;
  return { ...settings, nodeAddress: found };
}

/** Without the brackets that URLs put around IPv6 addresses. */
export const serverHost = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');

export const isLoopback = (address: string): boolean =>
  isIP(address) ? address.startsWith('127.') || address === '::1' : address === 'localhost';
