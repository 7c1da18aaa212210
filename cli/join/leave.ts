import { leases, nodes, pods } from '#api/kinds.ts';
import { isNotFound, StatusError } from '#api/status-error.ts';
import { messageOf } from '#base/error-message.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import type { HostLayout } from '#host/layout.ts';
import { removeEverything } from '#host/removal/removal.ts';
import { type JoinedSettings, loadSettings } from '#host/settings.ts';
import { type CliContext, CliError } from '../command.ts';
import { layoutOf } from '../host-context.ts';
import { type EmptyOptions, emptyNode } from '../node/empty.ts';
import { createProgress } from '../progress.ts';
import { stopMachine } from '../up/dismantle.ts';
import { loadNodeKeys, nodeAccess } from './node-access.ts';
import { serverAnswers } from './server-answers.ts';

/** Takes this machine out of its cluster: its pods go elsewhere first, and nothing of it stays there or here. */
export async function leaveCluster(options: EmptyOptions, context: CliContext): Promise<void> {
  const layout = layoutOf(context);
  const settings = loadSettings(layout.settingsFile);
  if (!settings) {
    context.stdout.write('This machine is in no cluster; there is nothing to leave.\n');
    return;
  }
  if (settings.role === 'server') {
    throw new CliError('this machine is the server of its cluster', {
      fix: 'To give the cluster up, with all that is in it: berth down --purge',
    });
  }
  const progress = createProgress(context, 14);
  const { nodeName } = settings;
  const client = await connect(layout, settings, options, context);
  try {
    if (client) {
      await emptyNode(client, nodeName, options, 'berth leave --force', progress, context);
      await stopMachine(layout, context, (what, detail) => progress.done(what, detail));
      await deleteNode(client, nodeName, context);
      progress.done('node', `${nodeName} is deleted`);
    } else {
      await stopMachine(layout, context, (what, detail) => progress.done(what, detail));
    }
  } finally {
    await client?.close();
  }
  await removeEverything(layout, context.clock);
  progress.line(
    `\nThis machine has left the cluster, and everything that Berth made here is removed. Packages that it installed were left.`,
  );
  if (!client) progress.line(`If the cluster still has its node, on the server: berth node remove ${nodeName}`);
}

/** Undefined: the cluster is not to be asked, as it does not know the machine any more, or cannot be reached and need not be. */
async function connect(
  layout: HostLayout,
  settings: JoinedSettings,
  { force }: EmptyOptions,
  context: CliContext,
): Promise<HttpClient | undefined> {
  const [server] = settings.servers;
  const keys = loadNodeKeys(layout);
  const client = keys && createHttpClient(nodeAccess(settings, keys));
  let why = keys ? `the server ${server} does not answer` : `this machine's certificates are gone`;
  if (client) {
    try {
      if (await serverAnswers(client, context)) {
        await client.get(nodes, { name: settings.nodeName }, { signal: context.signal });
        return client;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      // Removed on the server before: only the machine itself is left to clean.
      const isRemoved = isNotFound(error) || (error instanceof StatusError && error.code === 401);
      if (isRemoved) {
        await client.close();
        return undefined;
      }
      why = `the server ${server} cannot be asked: ${messageOf(error)}`;
    }
    await client.close();
  }
  if (force) return undefined;
  throw new CliError(`${why}, so its pods cannot be moved and its node cannot be deleted`, {
    fix: `${keys ? 'Try again when it can be reached' : 'Join again first, which repairs'}. To clean this machine all the same: berth leave --force,
  and then on the server: berth node remove ${settings.nodeName}`,
  });
}

/** With what belongs to it. Nothing runs here any more, so its pods may go at once. */
async function deleteNode(client: HttpClient, name: string, { signal }: CliContext): Promise<void> {
  const absentIsFine = (error: unknown): void => {
    if (!isNotFound(error)) throw error;
  };
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${name}`, signal });
  for (const { metadata } of items) {
    const key = { namespace: metadata.namespace, name: metadata.name };
    await client
      .delete(pods, key, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid }, signal })
      .catch(absentIsFine);
  }
  await client.delete(leases, { namespace: 'kube-node-lease', name }, { signal }).catch(absentIsFine);
  // The last that it does: its identity ends with its Node.
  await client.delete(nodes, { name }, { signal }).catch(absentIsFine);
}
