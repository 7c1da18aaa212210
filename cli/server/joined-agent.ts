import type { Log } from '#base/log.ts';
import type { ClusterAccess } from '#client/access.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostLayout } from '#host/layout.ts';
import { type JoinedSettings, saveSettings } from '#host/settings.ts';
import type { CliContext } from '../command.ts';
import { nodeAccess, requireNodeKeys } from '../join/node-access.ts';
import { type AgentParts, runAgent } from './agent.ts';
import { fixedCertificate } from './serving.ts';

/**
 * The agent of a machine that joined, as its own node. It needs no server to start: containers that ran are looked after
 * from what the machine knows, and the server is connected to when it comes.
 */
export async function runJoinedAgent(
  layout: HostLayout,
  stored: JoinedSettings,
  log: Log,
  context: CliContext,
): Promise<void> {
  const { clock, random, signal } = context;
  const settings = await withCurrentAddress(stored);
  if (settings.nodeAddress !== stored.nodeAddress) {
    log.info({ from: stored.nodeAddress, to: settings.nodeAddress }, 'this machine has another address now');
    saveSettings(layout.settingsFile, settings);
  }
  const keys = requireNodeKeys(layout);
  const access = nodeAccess(settings, keys);
  const client = createHttpClient(access);
  const parts = { layout, settings, clientCa: keys.ca, serving: fixedCertificate(keys.serving) };
  try {
    await runAgent({ ...parts, client, contact: contactOf(client, access), clock, random, log }, signal);
  } finally {
    await client.close();
  }
}

const contactOf = (client: HttpClient, access: ClusterAccess): AgentParts['contact'] => ({
  connectLease() {
    const own = createHttpClient(access);
    // Closing fails only for what is closed already.
    return { client: own, close: () => void own.close().catch(() => undefined) };
  },
  reset: client.reset,
});
