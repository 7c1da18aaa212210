import { isDeepStrictEqual } from 'node:util';
import { clientKubeletSigner, kubeletServingSigner } from '#api/certificates.ts';
import { clusterConfigFromData, clusterConfigName } from '#api/cluster-config.ts';
import { configMaps } from '#api/kinds.ts';
import type { Log } from '#base/log.ts';
import type { ClusterAccess } from '#client/access.ts';
import { type CertificateManager, createCertificateManager } from '#client/certificates/manager.ts';
import { nodeHosts, nodeSubject } from '#client/certificates/node-certificates.ts';
import { createTransport } from '#client/http/transport.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import { loadKeyPair, saveKeyPair } from '#host/key-pair.ts';
import type { HostLayout } from '#host/layout.ts';
import { type JoinedSettings, saveSettings } from '#host/settings.ts';
import { createAcceptance } from '#node-agent/node/acceptance.ts';
import type { CliContext } from '../command.ts';
import { nodeAccess, nodeFiles, requireNodeKeys } from '../join/node-access.ts';
import { runAgent } from './agent.ts';
import { addressChange, untilDue } from './changes.ts';
import { currentSettings } from './current-settings.ts';
import { createEnding } from './ending.ts';

/**
 * The agent of a machine that joined, as its own node. It needs no server to start: containers that ran are looked after
 * from what the machine knows, and the server is connected to when it comes. Ends when what it was started with has
 * changed, to be started again: containers do not notice.
 */
export async function runJoinedAgent(
  layout: HostLayout,
  stored: JoinedSettings,
  loud: Log,
  context: CliContext,
): Promise<void> {
  const { clock, random } = context;
  const acceptance = createAcceptance({ clock, log: loud });
  const log = acceptance.quiet(loud);
  const connect = (access: ClusterAccess): HttpClient =>
    createHttpClient(access, acceptance.guard(createTransport(access)));
  const settings = await currentSettings(layout, stored, log);
  const keys = requireNodeKeys(layout);
  const client = connect(nodeAccess(settings, keys));
  const certificates = createNodeCertificates(layout, settings, client, log, context);
  const contact = {
    connectLease() {
      const own = connect(nodeAccess(settings, { ca: keys.ca, client: certificates.client.current() }));
      // A connection outlives its certificate, and the server refuses what comes over it then.
      const unsubscribe = certificates.client.onChange(({ cert, key }) =>
        own.transport.setClientCertificate(cert, key),
      );
      const close = (): void => {
        unsubscribe();
        own.close().catch(() => undefined);
      };
      return { client: own, close };
    },
    reset: () => client.transport.reset(),
  };
  const { signal, onMachineStop, end } = createEnding(context.signal, log);
  try {
    await Promise.all([
      runAgent(
        {
          layout,
          settings,
          clientCa: keys.ca,
          serving: certificates.serving,
          client,
          contact,
          onMachineStop,
          clock,
          random,
          log,
        },
        signal,
      ).finally(() => end('the agent has ended')),
      certificates.client.run(signal),
      certificates.serving.run(signal),
      addressChange(settings, clock, signal).then((address) => {
        if (address) end(`this machine's address is ${address} now`);
      }),
      untilDue(() => hasNewConfig(layout, settings, client, signal), configCheckMs, clock, signal).then((changed) => {
        if (changed) end("the cluster's config has changed");
      }),
    ]);
  } finally {
    await client.close();
  }
}

interface NodeManagers {
  readonly client: CertificateManager;
  readonly serving: CertificateManager;
}

/** Both are renewed in the running process, and kept in the pki folder. */
function createNodeCertificates(
  layout: HostLayout,
  { nodeName, nodeAddress }: JoinedSettings,
  client: HttpClient,
  log: Log,
  { clock, random }: CliContext,
): NodeManagers {
  const shared = { client, subject: nodeSubject(nodeName), clock, random, log };
  const storeOf = (name: string) => ({
    load: () => loadKeyPair(layout.pkiDir, name),
    save: (pair: { readonly cert: string; readonly key: string }) => saveKeyPair(layout.pkiDir, name, pair),
  });
  const own = createCertificateManager({
    ...shared,
    signer: clientKubeletSigner,
    store: storeOf(nodeFiles.client),
  });
  own.onChange(({ cert, key }) => client.transport.setClientCertificate(cert, key));
  const serving = createCertificateManager({
    ...shared,
    signer: kubeletServingSigner,
    hosts: () => nodeHosts(nodeName, [nodeAddress]),
    store: storeOf(nodeFiles.serving),
  });
  return { client: own, serving };
}

const configCheckMs = 30_000;

/** What all machines agree on may be changed on the server; what is new is saved. */
async function hasNewConfig(
  layout: HostLayout,
  settings: JoinedSettings,
  client: HttpClient,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { data } = await client.get(configMaps, clusterConfigName, { signal });
    const cluster = clusterConfigFromData(data);
    if (isDeepStrictEqual(cluster, settings.cluster)) return false;
    saveSettings(layout.settingsFile, { ...settings, cluster });
    return true;
  } catch {
    return false; // The server is away, or has not written it yet: what is known stays.
  }
}
