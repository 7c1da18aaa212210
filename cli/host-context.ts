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
    podCidr: flags.podCidr ?? existing?.podCidr ?? defaultSettings.podCidr,
    serviceCidr: existing?.serviceCidr ?? defaultSettings.serviceCidr,
    clusterDomain: existing?.clusterDomain ?? defaultSettings.clusterDomain,
  };
  if (existing) refuseChanges(existing, settings);
  return { settings, existed: existing !== undefined };
}

function refuseChanges(existing: HostSettings, wanted: HostSettings): void {
  for (const name of ['nodeName', 'podCidr', 'apiPort', 'agentPort', 'etcdPort'] as const) {
    if (existing[name] !== wanted[name]) {
      throw new CliError(`this cluster was made with ${name} ${existing[name]}, and ${wanted[name]} was asked for`, {
        fix: 'Leave the flag out, or begin anew with: berth down --purge',
      });
    }
  }
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
