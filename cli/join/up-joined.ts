import { createHttpClient } from '#client/http-client.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostLayout } from '#host/layout.ts';
import type { JoinedSettings } from '#host/settings.ts';
import { type CliContext, CliError } from '../command.ts';
import { addressFrom, agentPortFrom, type SettingFlags } from '../host-context.ts';
import type { Progress } from '../progress.ts';
import { agentLog, waitForNode } from '../up/cluster-ready.ts';
import { checkMachine, ensurePackages } from '../up/machine-steps.ts';
import { bringUp } from './bring-up.ts';
import { nodeAccess, requireNodeKeys } from './node-access.ts';
import { serverAnswers } from './server-answers.ts';

/** `berth up` on a machine that has joined: starts it again. A server that is away is no failure; the agent waits for it. */
export async function upJoined(
  layout: HostLayout,
  existing: JoinedSettings,
  flags: SettingFlags,
  progress: Progress,
  context: CliContext,
): Promise<void> {
  refuseServerFlags(existing, flags);
  const chosen = addressFrom(flags, existing, () => existing.nodeAddress);
  const settings = await withCurrentAddress({ ...existing, ...chosen });
  await checkMachine(layout, settings, context);
  const keys = requireNodeKeys(layout);
  const [server] = settings.servers;
  progress.line(`Berth on ${settings.nodeName}, of the cluster of ${server}`);
  await ensurePackages(layout, 'agent', progress);
  await bringUp(layout, settings, progress, context);
  const client = createHttpClient(nodeAccess(settings, keys));
  try {
    if (!(await serverAnswers(client, context))) {
      progress.done('node', `${server} does not answer now; the agent connects when it does`);
      return;
    }
    progress.doing('node', 'waiting for Ready');
    progress.done('node', `${await waitForNode(client, settings.nodeName, agentLog(layout), context)} is Ready`);
  } finally {
    await client.close();
  }
}

/** What the whole cluster agrees on is chosen on its server. */
function refuseServerFlags(existing: JoinedSettings, flags: SettingFlags): void {
  const { nodeName, nodeAddress: _, agentPort: __, hello: ___, ...others } = { hello: true, ...flags };
  const [given] = Object.keys(others);
  if (given !== undefined) {
    const flag = `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new CliError(`${flag} is for the server of the cluster, and this machine joined one`, {
      exitCode: 2,
      fix: `Choose it on the server (${existing.servers[0]})`,
    });
  }
  const differs =
    (nodeName !== undefined && nodeName !== existing.nodeName) || agentPortFrom(flags, existing) !== existing.agentPort;
  if (!differs) return;
  throw new CliError(
    `this machine joined as node ${existing.nodeName} with agent port ${existing.agentPort}, and something else was asked for`,
    { fix: 'Leave the flag out, or leave the cluster (berth leave) and join it anew' },
  );
}
