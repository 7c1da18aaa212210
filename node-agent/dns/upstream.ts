import { parseResolvConf } from '../pods/dns.ts';
import type { DnsServer } from './exchange.ts';

export interface UpstreamOptions {
  /** Reads the machine's resolver configuration. */
  readonly read: () => Promise<string>;
  /** Our own: a question that came back would go round for ever. */
  readonly avoid: () => readonly string[];
}

/** The servers that the machine itself asks, without the cluster's own. */
export interface Upstream {
  readonly servers: () => readonly DnsServer[];
  /** Reads them anew: a machine may change its network. Keeps what it knew when nothing can be read. */
  refresh(): Promise<void>;
}

const dnsPort = 53;

export function createUpstream({ read, avoid }: UpstreamOptions): Upstream {
  let known: readonly string[] = [];
  return {
    servers: () => {
      const own = avoid();
      return known.filter((address) => !own.includes(address)).map((address) => ({ address, port: dnsPort }));
    },
    async refresh() {
      const { servers } = parseResolvConf(await read());
      if (servers.length > 0) known = servers;
    },
  };
}
