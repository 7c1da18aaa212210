import { isIP } from 'node:net';
import { type ClusterConfig, clusterConfig, parseNetworkMode } from '#api/cluster-config.ts';
import { messageOf } from '#base/error-message.ts';
import { isLoopback } from '#host/address.ts';
import { type HostLayout, hostLayout } from '#host/layout.ts';
import { machineAddress, machineName } from '#host/machine.ts';
import { defaultSettings, type HostSettings, loadSettings, type ServerSettings } from '#host/settings.ts';
import { type CliContext, CliError } from './command.ts';

export const layoutOf = ({ env }: Pick<CliContext, 'env'>): HostLayout => hostLayout(env.BERTH_HOME || undefined);

/** What `up` and `join` let people choose of the machine. */
export interface MachineFlags {
  readonly nodeName?: string;
  readonly nodeAddress?: string;
  readonly agentPort?: string;
}

export interface SettingFlags extends MachineFlags {
  readonly apiPort?: string;
  readonly apiName?: readonly string[];
  readonly etcdPort?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly clusterDomain?: string;
  readonly network?: string;
  readonly detect?: string;
  readonly evict?: string;
  readonly fence?: string;
}

/** The settings of the cluster that is here. Throws a CliError when there is none, or when this machine only joined one. */
export function serverSettings(layout: HostLayout): ServerSettings {
  const settings = loadSettings(layout.settingsFile);
  if (!settings) throw new CliError('there is no cluster on this machine yet', { fix: 'Make one with: berth up' });
  if (settings.role !== 'server') {
    throw new CliError(
      `this machine joined a cluster as node ${settings.nodeName}; its server is ${settings.servers[0]}`,
      {
        fix: 'Run it on the server, or leave that cluster first with: berth leave',
      },
    );
  }
  return settings;
}

/**
 * The settings of the cluster that is here, or the ones to make it with. A flag that contradicts an existing cluster is
 * an error: a port that silently stays the old one would be worse.
 */
export function settingsFrom(layout: HostLayout, flags: SettingFlags): { settings: ServerSettings; existed: boolean } {
  const existing = existsIn(layout) ? serverSettings(layout) : undefined;
  const etcdPort = portFlag('--etcd-port', flags.etcdPort) ?? existing?.etcdPort ?? defaultSettings.etcdPort;
  const settings: ServerSettings = {
    role: 'server',
    nodeName: flags.nodeName ?? existing?.nodeName ?? machineName(),
    ...addressFrom(flags, existing, machineAddress),
    apiPort: portFlag('--api-port', flags.apiPort) ?? existing?.apiPort ?? defaultSettings.apiPort,
    agentPort: agentPortFrom(flags, existing),
    etcdPort,
    etcdPeerPort: etcdPort + 1,
    apiNames: flags.apiName ?? existing?.apiNames ?? [],
    cluster: clusterFrom(existing?.cluster, flags),
  };
  if (existing) refuseChanges(existing, settings);
  return { settings, existed: existing !== undefined };
}

const existsIn = (layout: HostLayout): boolean => loadSettings(layout.settingsFile) !== undefined;

/** A chosen address is kept; `auto` gives the choice back to the machine. */
export function addressFrom(
  { nodeAddress }: MachineFlags,
  existing: HostSettings | undefined,
  find: () => string,
): Pick<HostSettings, 'nodeAddress' | 'nodeAddressAuto'> {
  if (nodeAddress !== undefined && nodeAddress !== 'auto') {
    if (isIP(nodeAddress)) return { nodeAddress, nodeAddressAuto: false };
    throw new CliError(`--node-address must be an IP address or auto, but is ${JSON.stringify(nodeAddress)}`, {
      exitCode: 2,
    });
  }
  if (nodeAddress === undefined && existing && !existing.nodeAddressAuto) {
    return { nodeAddress: existing.nodeAddress, nodeAddressAuto: false };
  }
  const found = find();
  return { nodeAddress: existing && isLoopback(found) ? existing.nodeAddress : found, nodeAddressAuto: true };
}

export const agentPortFrom = ({ agentPort }: MachineFlags, existing: HostSettings | undefined): number =>
  portFlag('--agent-port', agentPort) ?? existing?.agentPort ?? defaultSettings.agentPort;

function refuseChanges(existing: ServerSettings, wanted: ServerSettings): void {
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

export function portFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65534) {
    throw new CliError(`${flag} must be a port number from 1 to 65534, but is ${JSON.stringify(text)}`, {
      exitCode: 2,
    });
  }
  return port;
}
