import { join } from 'node:path';
import { nodes } from '#api/kinds.ts';
import type { KubeObject } from '#api/meta.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ApiClient } from '#client/api-client.ts';
import { createEventRecorder } from '#client/event-recorder.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import type { Runnable } from '#client/reconciler.ts';
import { pauseImageName } from '#host/images/build.ts';
import type { KeyPair } from '#host/key-pair.ts';
import type { HostLayout } from '#host/layout.ts';
import { fenceFolder } from '#host/processes/fence.ts';
import { podsStopSeconds } from '#host/processes/systemd/machine-stop.ts';
import type { HostSettings } from '#host/settings.ts';
import { createAgent } from '#node-agent/agent.ts';
import { createLinuxChores } from '#node-agent/chores.ts';
import { createLinuxBook } from '#node-agent/fence/linux-book.ts';
import { createLinuxHost } from '#node-agent/host-linux/create.ts';
import { imageArchitecture } from '#node-agent/images/manifests.ts';
import { createClusterRegistries } from '#node-agent/images/registries/follow.ts';
import { createHostPortSync, hostPortOwner } from '#node-agent/network/host-port-sync.ts';
import { createNodeNetwork } from '#node-agent/network/node-network.ts';
import { createNodeRules, localOwner } from '#node-agent/network/node-rules.ts';
import type { LeaseConnection } from '#node-agent/node/lease-lanes.ts';
import { createNetworkTransport } from '#node-agent/probes/network-transport.ts';
import { createContainerdImageStore } from '#node-agent/runtime/containerd/image-store.ts';
import { createCriRuntime } from '#node-agent/runtime/cri/runtime.ts';
import { createAgentServer } from '#node-agent/server/agent-server.ts';
import { createHealthChecks } from '#node-agent/services/health-checks.ts';
import { createServiceProxy, servicesOwner } from '#node-agent/services/proxy.ts';
import { createAcknowledger } from '#node-agent/withdrawal/acknowledge.ts';
import { createOpenings } from '#node-agent/withdrawal/openings.ts';
import type { Ending } from './ending.ts';
import { createNodeDns } from './node-dns.ts';
import type { ServingCertificate } from './serving.ts';

export interface AgentParts {
  readonly layout: HostLayout;
  readonly settings: HostSettings;
  /** PEM: the authority of those who may call this agent. */
  readonly clientCa: string;
  readonly serving: ServingCertificate;
  readonly client: ApiClient;
  /** For a server on another machine. @default `client`, whose connections never break */
  readonly contact?:
    | {
        /** Opens a connection for the heartbeats alone. */
        connectLease(): LeaseConnection;
        /** The server can be reached again: cuts connections of before, which may be dead. */
        reset(): void;
      }
    | undefined;
  /** Takes what is to be done before the end when the whole machine goes down. @default containers always go on */
  readonly onMachineStop?: Ending['onMachineStop'] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** This machine's agent with everything real beneath it. Resolves after the signal has aborted; containers go on. */
export async function runAgent(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { layout, settings, serving, client, clock, random } = parts;
  const { cluster } = settings;
  const log = parts.log.child({ part: 'agent' });
  /** One watch of each kind for all parts of the agent: services, endpoint slices, nodes. */
  const informers = createInformerFactory(client, { clock, random, log });
  const rules = createNodeRules({
    table: layout.nftTable,
    bridge: layout.bridge,
    clusterCidr: cluster.clusterCidr,
    serviceCidr: cluster.serviceCidr,
    awaited: [hostPortOwner, servicesOwner],
    hoped: [localOwner],
    clock,
    log,
    onRepair: (why) =>
      recorder.record(
        nodeReference(settings.nodeName),
        'Warning',
        'RulesRepaired',
        `The nftables table was made anew: ${why}.`,
      ),
    onRefused: (element, why) =>
      recorder.record(
        nodeReference(settings.nodeName),
        'Warning',
        'RuleRefused',
        `The kernel refuses one of the node's network rules, it is left out: ${element}: ${why}`,
      ),
  });
  const network = createNodeNetwork({
    nodeName: settings.nodeName,
    address: settings.nodeAddress,
    nodes: informers.informer(nodes),
    bridge: layout.bridge,
    tunnel: layout.tunnel,
    clusterCidr: cluster.clusterCidr,
    mode: cluster.network,
    rules,
    cniConfDir: layout.cniConfDir,
    cniDataDir: join(layout.stateDir, 'cni-addresses'),
    stateFile: join(layout.stateDir, 'network.json'),
    clock,
    random,
    log,
  });
  const runtime = createCriRuntime({ socketPath: layout.containerdSocket, clock, log });
  const host = await createLinuxHost({
    root: layout.agentDir,
    logRoot: layout.podLogDir,
    cgroupRoot: layout.cgroupRoot,
  });
  const recorder = createEventRecorder({
    client,
    clock,
    random,
    log,
    signal,
    component: 'kubelet',
    host: settings.nodeName,
  });
  const images = createContainerdImageStore({
    socketPath: layout.containerdSocket,
    root: layout.containerdRoot,
    architecture: imageArchitecture(process.arch),
    clock,
    random,
  });
  const registries = createClusterRegistries({
    client,
    clock,
    random,
    log,
    recorder,
    nodeName: settings.nodeName,
    certsDir: layout.registryDir,
    stateFile: join(layout.agentDir, 'registries.yaml'),
  });
  const chores = createLinuxChores({ runtime, clock, log, loadedImages: (stop) => images.loaded(stop) });
  const agent = createAgent({
    client,
    informers,
    runtime,
    chores,
    nodeName: settings.nodeName,
    host,
    transport: createNetworkTransport({ clock }),
    clock,
    random,
    log,
    recorder,
    networkProblem: network.problem,
    connectLease: parts.contact?.connectLease,
    onContact() {
      parts.contact?.reset();
      informers.retryNow();
    },
    fenceBook: createLinuxBook(fenceFolder(layout)),
    registryAuths: registries.authsFor,
    settings: {
      fenceSeconds: cluster.fenceSeconds,
      nodeAddresses: [settings.nodeAddress],
      agentPort: settings.agentPort,
      clusterDns: [cluster.clusterDns],
      clusterDomain: cluster.clusterDomain,
      withdrawal: acknowledges,
      shutdownGraceMs: podsStopSeconds * 1000,
      seccompFolder: join(layout.agentDir, 'seccomp'),
    },
  });
  parts.onMachineStop?.(agent.shutDown);
  const hostPorts = createHostPortSync({ client, rules, nodeName: settings.nodeName, clock, random, log });
  const server = createAgentServer({
    runtime,
    pods: agent.pods,
    nodeName: settings.nodeName,
    tls: tlsOf(serving.current()),
    clientCa: parts.clientCa,
    listen: { host: '0.0.0.0', port: settings.agentPort },
    images,
    protectedImages: [pauseImageName],
    clock,
    log,
  });
  const proxy = createServiceProxy({
    informers,
    rules,
    nodeName: settings.nodeName,
    log,
    recorder,
    healthChecks: createHealthChecks({ clock, log }),
  });
  const dns = createNodeDns({ informers, cluster, network, rules, host: host.node, clock, random, log });
  const acknowledger = createAcknowledger({
    informers,
    endpoints: proxy,
    lease: agent.lease,
    openings: createOpenings({ clock, log }),
    clock,
  });
  const running: readonly Runnable[] = [network, agent, rules, hostPorts, proxy, registries, dns, acknowledger];
  const unsubscribe = serving.onChange((pair) => server.setCertificate(tlsOf(pair)));
  try {
    await server.listen();
    informers.start(signal);
    await Promise.all(running.map((one) => one.run(signal)));
    await informers.stopped();
  } finally {
    unsubscribe();
    await server.close();
    images.close();
    await runtime.close();
  }
}

/** For measurements only: without it, pods are stopped while nodes still send to them. */
const acknowledges = process.env.BERTH_WITHDRAWAL !== 'off';

const tlsOf = ({ cert, key }: KeyPair) => ({ certificate: cert, key });

/** As kubelet tells of nodes: by name alone. */
const nodeReference = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } });
