/** What a node needs of the kernel so that its pods have a network. Everything may be repeated. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { writeCniConfig } from './cni.ts';
import { type RunCommand, runCommand } from './commands.ts';
import type { NodeRules } from './node-rules.ts';

export interface NodeNetworkOptions {
  /** Name of ours on this machine; each cluster has its own. */
  readonly bridge: string;
  readonly podCidr: string;
  /** The table: it needs to know the node's part of the network. */
  readonly rules: Pick<NodeRules, 'setBase' | 'remove'>;
  /** The folder that containerd reads network configuration from. */
  readonly cniConfDir: string;
  /** Where address reservations are kept. */
  readonly cniDataDir: string;
  readonly mtu?: number | undefined;
  /** @default the real thing */
  readonly run?: RunCommand | undefined;
}

export interface NodeNetwork {
  /** Bridge, forwarding, table and CNI configuration; the last one makes containerd's network ready. */
  setUp(): Promise<void>;
  /** Removes table and bridge. Pods that still run lose their network. */
  remove(): Promise<void>;
}

export function createNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { bridge, podCidr, rules, run = runCommand } = options;

  return {
    async setUp() {
      setSysctl('net/ipv4/ip_forward', '1');
      if (!existsSync(`/sys/class/net/${bridge}`)) await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
      if (options.mtu !== undefined) await run('ip', ['link', 'set', bridge, 'mtu', String(options.mtu)]);
      await run('ip', ['address', 'replace', gatewayOf(podCidr), 'dev', bridge]);
      await run('ip', ['link', 'set', bridge, 'up']);
      setSysctl(`net/ipv4/conf/${bridge}/forwarding`, '1');
      rules.setBase({ podCidr, gateway: gatewayOf(podCidr).split('/')[0] ?? '' });
      const { cniConfDir, cniDataDir: dataDir, mtu } = options;
      writeCniConfig(cniConfDir, { bridge, podCidr, dataDir, mtu });
    },
    async remove() {
      await rules.remove();
      if (!existsSync(`/sys/class/net/${bridge}`)) return;
      for (const port of await readdir(`/sys/class/net/${bridge}/brif`)) {
        await run('ip', ['link', 'delete', port]).catch(() => undefined); // Gone with its pod in the meantime.
      }
      await run('ip', ['link', 'delete', bridge]);
    },
  };
}

/** The first address of the subnet with its prefix length, as the bridge plugin gives it to the bridge. */
export function gatewayOf(cidr: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const bits = Number(match?.[5]);
  if (!match || bits < 8 || bits > 30) throw new RangeError(`"${cidr}" is not an IPv4 subnet that pods can live in`);
  const address = match.slice(1, 5).reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size + 1;
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${bytes.join('.')}/${bits}`;
}

function setSysctl(name: string, value: string): void {
  const file = `/proc/sys/${name}`;
  if (readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
}
