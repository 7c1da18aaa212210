import { type ClusterConfig, clusterConfigFromData, clusterConfigName } from '#api/cluster-config.ts';
import { bearerOf, type JoinToken } from '#api/join-token.ts';
import { configMaps } from '#api/kinds.ts';
import { CertificateError } from '#client/certificates/obtain.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { stopProcesses } from '#host/cluster.ts';
import type { HostLayout } from '#host/layout.ts';
import { machineIds } from '#host/machine.ts';
import type { JoinedSettings } from '#host/settings.ts';
import type { CliContext } from '../command.ts';
import { findClash } from './clash.ts';
import { obtainIdentity } from './identity.ts';
import { loadNodeKeys, type NodeKeys, nodeAccess } from './node-access.ts';
import type { ServerAddress } from './server-address.ts';

export interface Admitted {
  readonly settings: JoinedSettings;
  readonly keys: NodeKeys;
  /** The cluster had no Node of this name before. */
  readonly isNew: boolean;
  /** The certificates are those that the machine had. */
  readonly kept: boolean;
}

export interface Applicant {
  readonly layout: HostLayout;
  readonly draft: JoinedSettings;
  readonly existing: JoinedSettings | undefined;
  readonly address: ServerAddress;
  readonly token: JoinToken;
  readonly ca: string;
  readonly context: CliContext;
}

/** What the cluster gives to the machine: its config and an identity. Writes nothing here. */
export async function admit({ layout, draft, existing, address, token, ca, context }: Applicant): Promise<Admitted> {
  const known = existing && loadNodeKeys(layout);
  if (known) {
    const cluster = await configAs(createHttpClient(nodeAccess(draft, known)), context).catch(() => undefined);
    // What it has is still good: a repair takes no token that may have ended since.
    if (cluster) return { settings: { ...draft, cluster }, keys: known, isNew: false, kept: true };
  }
  const cluster = await configAs(createHttpClient({ server: address.url, ca, token: bearerOf(token) }), context);
  const { nodeName, nodeAddress } = draft;
  const checkNodes: Parameters<typeof obtainIdentity>[0]['checkNodes'] = (all) => {
    const clash = findClash(all, { nodeName, nodeAddress, ...machineIds() });
    if (clash) throw clash;
  };
  const ask = () => obtainIdentity({ server: address.url, ca, token, nodeName, nodeAddress, context, checkNodes });
  // Its own agent, whose certificates are lost here, still counts as a machine of this name for a moment.
  if (existing) await stopProcesses(layout, ['agent'], context.clock);
  const { keys, isNew } = await (existing ? untilForgotten(ask, context) : ask());
  return { settings: { ...draft, cluster }, keys, isNew, kept: false };
}

/** The server notices within seconds that nobody of the name is there any more; how many depends on its settings. */
async function untilForgotten<T>(ask: () => Promise<T>, { clock, signal }: CliContext): Promise<T> {
  const endMs = clock.monotonicMs() + forgottenMaxMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isTaken = error instanceof CertificateError && error.reason === 'NodeNameTaken';
      if (!isTaken || clock.monotonicMs() > endMs) throw error;
      await clock.sleep(forgottenStepMs, signal);
    }
  }
}

const forgottenMaxMs = 45_000;
const forgottenStepMs = 2_000;

async function configAs(client: HttpClient, { signal }: CliContext): Promise<ClusterConfig> {
  try {
    const { data } = await client.get(configMaps, clusterConfigName, { signal });
    return clusterConfigFromData(data);
  } finally {
    await client.close();
  }
}
