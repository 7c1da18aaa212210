import { isIP, isIPv6 } from 'node:net';
import { endpoints } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import { CliError } from '../command.ts';

const ownService = { namespace: 'default', name: 'kubernetes' };

/** How other machines reach the server: as we do, or, where that works on its own machine only, as the server says. */
export async function serverAddress(client: HttpClient, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(client.access.server);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (!isLocal(host)) return `${hostname}:${port || '443'}`;
  const found = await client.get(endpoints, ownService, { signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  for (const { addresses, ports } of found?.subsets ?? []) {
    const [address] = addresses ?? [];
    const [first] = ports ?? [];
    if (address && first && !isLocal(address.ip)) {
      return `${isIPv6(address.ip) ? `[${address.ip}]` : address.ip}:${first.port}`;
    }
  }
  throw new CliError(`the server only tells how its own machine reaches it (${client.access.server})`, {
    fix: "Say how others reach it, for example: berth token create --server 192.0.2.1:6443. It must be in the server's certificate",
  });
}

const isLocal = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1'));
