/** Finds out why Berth does not work on this machine, or soon will not. It looks, and changes nothing. */
import { serverHost } from '../address.ts';
import type { HostLayout } from '../layout.ts';
import { machineIds } from '../machine.ts';
import { preflight } from '../preflight.ts';
import type { HostSettings } from '../settings.ts';
import type { Facts, PeerFact } from './facts.ts';
import { vxlanPort } from './facts.ts';
import { error, type Finding } from './finding.ts';
import {
  gatherCgroups,
  gatherClock,
  gatherKernel,
  gatherMemory,
  gatherSecurity,
  gatherStorage,
} from './gather-machine.ts';
import {
  gatherFirewall,
  gatherLinks,
  gatherNames,
  gatherPaths,
  gatherPorts,
  gatherReach,
  type WantedPort,
  type WantedReach,
} from './gather-network.ts';
import { judge } from './judge.ts';

export interface DoctorOptions {
  readonly layout: HostLayout;
  /** Those that hold, or those that the machine is to get. */
  readonly settings: HostSettings;
  /** Berth is set up on this machine already. */
  readonly installed: boolean;
  /** That must be free: those that our own processes do not hold. */
  readonly ports: readonly { readonly port: number; readonly use: string; readonly flag: string }[];
  /** The other machines of the cluster, as far as that is known. @default none */
  readonly peers?: readonly Peer[] | undefined;
  /** `quick` asks nobody who may be slow to answer: for `up` and `join`. @default full */
  readonly depth?: 'quick' | 'full' | undefined;
}

export interface Peer extends PeerFact {
  readonly agentPort: number;
}

export interface Diagnosis {
  /** Errors first. */
  readonly findings: readonly Finding[];
  readonly facts: Facts;
}

/** Peers beyond these are taken on trust: one that can be reached stands for many. */
const peersMax = 50;

export async function runDoctor(options: DoctorOptions): Promise<Diagnosis> {
  const { settings } = options;
  const [basics, facts] = await Promise.all([preflight({ role: settings.role, ports: [] }), gather(options)]);
  const findings = [...basics.map(({ problem, fix }) => error('machine', problem, fix)), ...judge(facts)];
  return { findings, facts };
}

async function gather(options: DoctorOptions): Promise<Facts> {
  const { layout, settings, installed } = options;
  const full = options.depth !== 'quick';
  const others = (options.peers ?? []).filter(({ name }) => name !== settings.nodeName).slice(0, peersMax);
  const server = settings.role === 'agent' ? settings.servers[0] : undefined;
  const towards = others[0]?.addresses[0] ?? (server === undefined ? undefined : serverHost(server));
  const near = others.flatMap(({ name, addresses: [address] }) => (address ? [{ name, address }] : []));
  const [ports, reach, paths, clock, names, firewall, kernel, links, storage] = await Promise.all([
    gatherPorts([...options.ports.map(tcp), tunnel]),
    gatherReach(full ? reachOf(settings, others) : []),
    full ? gatherPaths(near) : [],
    gatherClock(server),
    gatherNames(settings.cluster.clusterDns, full),
    gatherFirewall(),
    gatherKernel(),
    gatherLinks(towards),
    gatherStorage(layout.stateDir, settings.role === 'server'),
  ]);
  return {
    ports,
    reach,
    paths,
    clock,
    names,
    firewall,
    kernel,
    links,
    storage,
    cgroups: gatherCgroups(),
    memory: gatherMemory(),
    security: gatherSecurity(),
    node: { version: process.version, architecture: process.arch },
    peers: others,
    self: {
      role: settings.role,
      nodeName: settings.nodeName,
      address: settings.nodeAddress,
      ...machineIds(),
      apiPort: settings.role === 'server' ? settings.apiPort : undefined,
      agentPort: settings.agentPort,
      network: settings.cluster.network,
      clusterCidr: settings.cluster.clusterCidr,
      bridge: layout.bridge,
      installed,
    },
  };
}

const tcp = (port: DoctorOptions['ports'][number]): WantedPort => ({ ...port, protocol: 'tcp' });
const tunnel: WantedPort = { port: vxlanPort, protocol: 'udp', use: 'VXLAN', flag: undefined };

function reachOf(settings: HostSettings, others: readonly Peer[]): WantedReach[] {
  const servers = settings.role === 'agent' ? settings.servers : [];
  return [
    ...servers.map((url) => ({
      what: 'the API server',
      host: serverHost(url),
      port: Number(new URL(url).port || 443),
      needed: true,
    })),
    ...others.flatMap(({ name, addresses: [host], agentPort }) =>
      host === undefined ? [] : [{ what: `the agent of node ${name}`, host, port: agentPort, needed: false }],
    ),
  ];
}
