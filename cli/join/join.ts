import { join } from 'node:path';
import { defaultClusterConfig } from '#api/cluster-config.ts';
import { type JoinToken, parseJoinToken } from '#api/join-token.ts';
import { dnsSubdomainErrors } from '#api/names.ts';
import { messageOf } from '#base/error-message.ts';
import { createHttpClient } from '#client/http-client.ts';
import { sourceAddress } from '#host/address.ts';
import { writeFileAtomic } from '#host/files.ts';
import { saveKeyPair } from '#host/key-pair.ts';
import type { HostLayout } from '#host/layout.ts';
import { cgroupVersion, distribution, machineAddress, machineName } from '#host/machine.ts';
import type { JoinedSettings } from '#host/settings.ts';
import { type CliContext, CliError } from '../command.ts';
import { addressFrom, agentPortFrom, layoutOf, type MachineFlags } from '../host-context.ts';
import { createProgress, type Progress } from '../progress.ts';
import { agentLog, waitForNode } from '../up/cluster-ready.ts';
import { checkMachine, ensurePackages } from '../up/machine-steps.ts';
import { type Admitted, admit } from './admit.ts';
import { bringUp } from './bring-up.ts';
import { membership } from './membership.ts';
import { nodeAccess, nodeFiles } from './node-access.ts';
import { explainRefusal } from './refusals.ts';
import { parseServerAddress, type ServerAddress } from './server-address.ts';
import { checkServer } from './server-check.ts';
import { takeBack } from './take-back.ts';

export interface JoinFlags extends MachineFlags {
  readonly token: string;
}

/**
 * Brings this machine into a cluster, or repairs one that is in it already. First everything is looked at: the machine, the
 * server, whether the cluster takes the machine. Only then is anything installed, and what a failure leaves is taken back.
 */
export async function joinCluster(given: string, flags: JoinFlags, context: CliContext): Promise<void> {
  const progress = createProgress(context, 14);
  const layout = layoutOf(context);
  const address = parseServerAddress(given);
  const token = readToken(flags.token);
  const existing = membership(layout, token);
  const draft = await draftSettings(address, flags, existing);
  progress.line(
    `Berth on ${draft.nodeName} (${distribution()?.name ?? 'Linux'}, cgroup ${cgroupVersion() ?? 'unknown'})`,
  );

  progress.doing('machine', 'checking');
  await checkMachine(layout, draft, context);
  progress.done('machine', 'has what Berth needs');
  progress.doing('server', 'checking');
  const { ca } = await checkServer(address, token.caHash, { signal: context.signal });
  progress.done('server', `${address.text} is the one that the token names`);

  const refused = (error: unknown): never => {
    throw context.signal.aborted ? context.signal.reason : explainRefusal(error, address, draft.nodeName);
  };
  progress.doing('identity', 'asking for certificates');
  const admitted = await admit({ layout, draft, existing, address, token, ca, context }).catch(refused);
  progress.done('identity', `certificates of node ${draft.nodeName}${admitted.kept ? ', as before' : ''}`);

  try {
    await install(layout, admitted, progress, context);
  } catch (error) {
    if (existing) throw error;
    throw await takeBack(layout, { ...admitted, error }, progress, context);
  }
  progress.line(existing ? '\nThis machine is in the cluster as before.' : '\nThis machine is in the cluster.');
  progress.line(nextSteps(layout, draft.nodeName));
}

function readToken(text: string): JoinToken {
  try {
    return parseJoinToken(text);
  } catch (error) {
    throw new CliError(messageOf(error), { exitCode: 2 });
  }
}

async function draftSettings(
  address: ServerAddress,
  flags: MachineFlags,
  existing: JoinedSettings | undefined,
): Promise<JoinedSettings> {
  const nodeName = flags.nodeName ?? existing?.nodeName ?? machineName();
  const [wrong] = dnsSubdomainErrors(nodeName);
  if (wrong) {
    throw new CliError(`${JSON.stringify(nodeName)} cannot be the name of a node: ${wrong}`, {
      exitCode: 2,
      fix: 'Choose one with --node-name',
    });
  }
  if (existing && nodeName !== existing.nodeName) {
    throw new CliError(`this machine is in the cluster already, as node ${existing.nodeName}`, {
      fix: 'Leave the flag --node-name out to repair it, or leave the cluster first: berth leave',
    });
  }
  const found = (await sourceAddress(address.host)) ?? machineAddress();
  return {
    role: 'agent',
    nodeName,
    ...addressFrom(flags, existing, () => found),
    agentPort: agentPortFrom(flags, existing),
    servers: [address.url],
    cluster: existing?.cluster ?? defaultClusterConfig,
  };
}

/** Everything that changes the machine. */
async function install(
  layout: HostLayout,
  { settings, keys }: Admitted,
  progress: Progress,
  context: CliContext,
): Promise<void> {
  const { signal } = context;
  await ensurePackages(layout, 'agent', progress);
  signal.throwIfAborted();
  saveKeyPair(layout.pkiDir, nodeFiles.client, keys.client);
  saveKeyPair(layout.pkiDir, nodeFiles.serving, keys.serving);
  writeFileAtomic(join(layout.pkiDir, nodeFiles.ca), keys.ca, 0o644);
  await bringUp(layout, settings, progress, context);
  signal.throwIfAborted();
  const client = createHttpClient(nodeAccess(settings, keys));
  try {
    progress.doing('node', 'waiting for Ready');
    progress.done('node', `${await waitForNode(client, settings.nodeName, agentLog(layout), context)} is Ready`);
  } finally {
    await client.close();
  }
}

function nextSteps(layout: HostLayout, nodeName: string): string {
  const home = layout.home ? `BERTH_HOME=${layout.home} ` : '';
  return `
  logs          ${layout.logDir}

On the server:
  bin/berth get nodes
  bin/berth describe node ${nodeName}

Here: ${home}bin/berth status; ${home}bin/berth leave takes this machine out of the cluster again.`;
}
