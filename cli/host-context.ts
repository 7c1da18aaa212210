import { type ClusterConfig, clusterConfig, parseNetworkMode } from '#api/cluster-config.ts';
import { messageOf } from '#base/error-message.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { machineAddress, machineName } from '#host/machine.ts';
import { defaultSettings, type HostSettings, loadSettings } from '#host/settings.ts';
import { type CliContext, CliError } from './command.ts';

export const layoutOf = (context: CliContext): HostLayout => hostLayout(context.env.BERTH_HOME || undefined);

export interface SettingFlags {
  readonly nodeName?: string;
  readonly nodeAddress?: string;
  readonly apiPort?: string;
  readonly agentPort?: string;
  readonly etcdPort?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly clusterDomain?: string;
  readonly network?: string;
  readonly detect?: string;
  readonly evict?: string;
  readonly fence?: string;
}

/**
 * The settings of the cluster that is here, or the ones to make it with. A flag that contradicts an existing cluster is
 * an error: a port that silently stays the old one would be worse.
 */
export function settingsFrom(layout: HostLayout, flags: SettingFlags): { settings: HostSettings; existed: boolean } {
  const existing = loadSettings(layout.settingsFile);
  const etcdPort = portFlag('--etcd-port', flags.etcdPort) ?? existing?.etcdPort ?? defaultSettings.etcdPort;
  const settings: HostSettings = {
    nodeName: flags.nodeName ?? existing?.nodeName ?? machineName(),
    nodeAddress: flags.nodeAddress ?? existing?.nodeAddress ?? machineAddress(),
    apiPort: portFlag('--api-port', flags.apiPort) ?? existing?.apiPort ?? defaultSettings.apiPort,
    agentPort: portFlag('--agent-port', flags.agentPort) ?? existing?.agentPort ?? defaultSettings.agentPort,
    etcdPort,
    etcdPeerPort: etcdPort + 1,
    cluster: clusterFrom(existing?.cluster, flags),
  };
  if (existing) refuseChanges(existing, settings);
  return { settings, existed: existing !== undefined };
}

function refuseChanges(existing: HostSettings, wanted: HostSettings): void {
  const refuse = (name: string, was: unknown, asked: unknown): void => {
    if (was === asked) return;
    throw new CliError(`this cluster was made with ${name} ${was}, and ${asked} was asked for`, {
      fix: 'Leave the flag out, or begin anew with: berth down --purge',
    });
  };
  for (const name of ['nodeName', 'apiPort', 'agentPort', 'etcdPort'] as const) {
    refuse(name, existing[name], wanted[name]);
  }
  for (const name of ['clusterCidr', 'serviceCidr', 'clusterDomain'] as const) {
    refuse(name, existing.cluster[name], wanted.cluster[name]);
  }
}

/** Addresses and names stay as they were made; how the network works and how long machines are waited for may change. */
function clusterFrom(existing: ClusterConfig | undefined, flags: SettingFlags): ClusterConfig {
  try {
    return clusterConfig({
      ...existing,
      ...(flags.podCidr && { clusterCidr: flags.podCidr }),
      ...(flags.serviceCidr && { serviceCidr: flags.serviceCidr }),
      ...(flags.clusterDomain && { clusterDomain: flags.clusterDomain }),
      ...(flags.network && { network: parseNetworkMode(flags.network) }),
      ...secondsOf('detectSeconds', flags.detect),
      ...secondsOf('evictSeconds', flags.evict),
      ...secondsOf('fenceSeconds', flags.fence),
    });
  } catch (error) {
    throw new CliError(messageOf(error), { exitCode: 2 });
  }
}

/** `4s`, or `4`. */
function secondsOf(field: string, text: string | undefined): Partial<ClusterConfig> {
  return text === undefined ? {} : { [field]: Number(text.replace(/s$/, '')) };
}

function portFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65534) {
    throw new CliError(`${flag} must be a port number from 1 to 65534, but is ${JSON.stringify(text)}`, {
      exitCode: 2,
    });
  }
  return port;
}
