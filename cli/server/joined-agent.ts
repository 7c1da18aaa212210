import type { Log } from '#base/log.ts';
import { createHttpClient } from '#client/http-client.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostLayout } from '#host/layout.ts';
import { type JoinedSettings, saveSettings } from '#host/settings.ts';
import type { CliContext } from '../command.ts';
import { nodeAccess, requireNodeKeys } from '../join/node-access.ts';
import { runAgent } from './agent.ts';
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
  const client = createHttpClient(nodeAccess(settings, keys));
  const parts = { layout, settings, clientCa: keys.ca, serving: fixedCertificate(keys.serving) };
  try {
    await runAgent({ ...parts, client, clock, random, log }, signal);
  } finally {
    await client.close();
  }
}
