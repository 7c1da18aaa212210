import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { CliError } from '../command.ts';

export interface ListenAddress {
  readonly host: string;
  /** No error when this one does not work and another does. */
  readonly optional: boolean;
}

/** `localhost` is both of the machine's own addresses; it is enough that one of them works. */
export function addressesOf(text: string): ListenAddress[] {
  return text.split(',').flatMap((part): ListenAddress[] => {
    const host = part.trim();
    if (host === 'localhost') return ['127.0.0.1', '::1'].map((one) => ({ host: one, optional: true }));
    return [{ host, optional: false }];
  });
}

/** Listens on all addresses with one port: when `port` is 0, the first chooses it. Throws a CliError. */
export async function listenOn(
  addresses: readonly ListenAddress[],
  port: number,
  onConnection: (socket: Socket) => void,
): Promise<{ readonly servers: readonly Server[]; readonly port: number; readonly hosts: readonly string[] }> {
  const servers: Server[] = [];
  const hosts: string[] = [];
  let chosen = port;
  let failure: unknown;
  for (const { host, optional } of addresses) {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    try {
      server.listen({ host, port: chosen, ipv6Only: host.includes(':') });
      await once(server, 'listening');
    } catch (error) {
      failure ??= error;
      if (optional) continue;
      for (const one of servers) one.close();
      throw cannotListen(host, chosen, error);
    }
    const address = server.address();
    if (typeof address === 'object' && address) chosen = address.port;
    servers.push(server);
    hosts.push(host);
  }
  const [first] = addresses;
  if (servers.length === 0) throw cannotListen(first?.host ?? '', chosen, failure);
  return { servers, port: chosen, hosts };
}

function cannotListen(host: string, port: number, error: unknown): CliError {
  const why = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'it is in use' : String(error);
  return new CliError(`unable to listen on port ${port} of ${host}: ${why}`, {
    fix: `Choose another, for example :${port} for any that is free`,
    cause: error,
  });
}
