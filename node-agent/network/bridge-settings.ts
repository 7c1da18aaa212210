import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { RunCommand } from './commands.ts';

export interface BridgeSettingsOptions {
  readonly bridge: string;
  readonly serviceCidr: string;
  readonly run: RunCommand;
  readonly sysctlRoot: string;
  readonly log: Log;
}

/** What the kernel must be told of the bridge beside the table, so that services work. May be repeated; a new bridge has lost it. */
export interface BridgeSettings {
  /** Lets frames between this node's pods pass the table, and says whether they do. Other bridges stay as they are. */
  filter(): Promise<boolean>;
  /** Only with the table's guard in force. Never rejects: without it some clients have no way to services. */
  settle(base: { readonly gateway: string; readonly tunnel?: string | undefined }): Promise<void>;
}

/**
 * A small machine's kernel remembers 16,384 to 65,536 connections, each for two minutes beyond its end, and drops what is new beyond
 * that. As many as kube-proxy sets, which costs memory only as they come.
 */
const connectionsMin = 131_072;

export function createBridgeSettings(options: BridgeSettingsOptions): BridgeSettings {
  const { bridge, serviceCidr, run, sysctlRoot, log } = options;
  const files = ['iptables', 'ip6tables', 'arptables'].map((name) => `${sysctlRoot}/net/bridge/bridge-nf-call-${name}`);
  let told = '';

  /** Once for each reason, not at every look. */
  const tell = (error: unknown, words: string): void => {
    if (told === words) return;
    told = words;
    log.warn({ err: error, bridge }, words);
  };

  return {
    async filter() {
      const [file = ''] = files;
      if (!existsSync(file)) {
        await run('modprobe', ['br_netfilter']).catch((error: unknown) => {
          tell(
            error,
            'there is no br_netfilter: pods see this node instead of those beside them that call by a service',
          );
        });
        // It comes switched on for every bridge of the machine.
        for (const one of files) setSysctl(one, '0');
      }
      if (!existsSync(file)) return false;
      try {
        await run('ip', ['link', 'set', 'dev', bridge, 'type', 'bridge', 'nf_call_iptables', '1']);
        return true;
      } catch (error) {
        tell(error, 'the bridge cannot be filtered by itself');
        return readFileSync(file, 'utf8').trim() === '1';
      }
    },
    async settle({ gateway, tunnel }) {
      raiseSysctl(`${sysctlRoot}/net/netfilter/nf_conntrack_max`, connectionsMin);
      // Packets to services come in and go out by the bridge: no pod is to be told of a shorter way (all/send_redirects is off too).
      setSysctl(`${sysctlRoot}/net/ipv4/conf/${bridge}/send_redirects`, '0');
      // The node itself may reach its pods' ports by 127.0.0.1.
      for (const name of [bridge, tunnel]) {
        if (name) setSysctl(`${sysctlRoot}/net/ipv4/conf/${name}/route_localnet`, '1');
      }
      // The node reaches services by an address that pods elsewhere answer to, and without a default route. Where another cluster
      // on this machine has the same service network, the route is that one's: its rules come first then, too.
      try {
        await run('ip', ['route', 'add', serviceCidr, 'dev', bridge, 'src', gateway]);
      } catch (error) {
        if (!messageOf(error).includes('File exists')) tell(error, 'the node itself may have no way to services');
      }
    },
  };
}

/** What is not there needs no setting: an interface that is gone comes back with the network. */
function setSysctl(file: string, value: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value);
}

/** Of the whole machine: in a network namespace it can only be read. */
function raiseSysctl(file: string, least: number): void {
  try {
    if (Number(readFileSync(file, 'utf8')) < least) writeFileSync(file, String(least));
  } catch {
    // What is there must do; `berth doctor` tells when it gets scarce.
  }
}
