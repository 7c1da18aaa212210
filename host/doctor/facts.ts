import type { CgroupVersion } from '../machine.ts';
import type { FirewallFacts } from './firewall/judge.ts';

/** What the doctor saw. Undefined: it could not be found out, and nothing is said about it. */
export interface Facts {
  readonly ports: readonly PortFact[];
  /** Machines of the cluster that must be reached, and how that went. */
  readonly reach: readonly ReachFact[];
  readonly paths: readonly PathFact[];
  readonly clock: ClockFacts;
  readonly names: NameFacts;
  readonly firewall: FirewallFacts;
  readonly cgroups: CgroupFacts;
  readonly kernel: KernelFacts;
  readonly links: LinkFacts;
  readonly storage: StorageFacts;
  readonly memory: MemoryFacts;
  readonly security: SecurityFacts;
  readonly node: { readonly version: string; readonly architecture: string };
  readonly self: SelfFacts;
  readonly peers: readonly PeerFact[];
}

export interface PortFact {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly use: string;
  /** The flag that chooses another. */
  readonly flag: string | undefined;
  /** Who has it, as `nginx (pid 12)`; undefined when it is free, or ours. */
  readonly holder: string | undefined;
}

export interface ReachFact {
  /** `the API server`, `node n2` */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  readonly result: 'open' | 'refused' | 'silent' | 'no-route' | 'no-name';
  /** Whether this machine is of no use without it. */
  readonly needed: boolean;
}

/** How large a packet may be that reaches another machine in one piece. */
export interface PathFact {
  readonly node: string;
  readonly address: string;
  readonly device: string;
  readonly linkMtu: number;
  /** 0: not even a small one comes back. */
  readonly pathMtu: number;
}

export interface ClockFacts {
  /** The server's clock minus ours, milliseconds. */
  readonly skewMs: number | undefined;
  /** How wrong `skewMs` may be. */
  readonly uncertainMs: number;
  /** Programs that keep the time, as chronyd; undefined where the time is not this system's affair. */
  readonly services: readonly string[] | undefined;
}

export interface NameFacts {
  readonly hostname: string;
  readonly hostnameResolves: boolean | undefined;
  readonly nameservers: readonly { readonly address: string; readonly answers: boolean | undefined }[];
  /** Where the cluster's own names are served. */
  readonly clusterDns: string;
}

export interface CgroupFacts {
  readonly version: CgroupVersion | undefined;
  readonly controllers: readonly string[];
  readonly writable: boolean;
}

export interface KernelFacts {
  /** `6.1.0-18-amd64`. */
  readonly release: string;
  /** Whether the kernel has it, or a module of it; undefined: not to be known. */
  readonly features: Readonly<Record<string, boolean | undefined>>;
  /** What nft said when it was asked for its tables; undefined: it works, or is not installed. */
  readonly nftTrouble: string | undefined;
  /** As in /proc/sys, by path: `net/ipv4/ip_forward`. */
  readonly sysctls: Readonly<Record<string, string | undefined>>;
}

export interface LinkFacts {
  /** Towards other machines. */
  readonly uplink: string | undefined;
  /** Of the uplink: `vmxnet3`. */
  readonly driver: string | undefined;
  /** VXLAN interfaces that are not ours. */
  readonly tunnels: readonly { readonly name: string; readonly port: number; readonly vni: number }[];
  /** UDP packets with a wrong checksum since the start. */
  readonly udpChecksumErrors: number;
}

export interface StorageFacts {
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Of several small writes, each made durable, in milliseconds; empty: not tried. */
  readonly syncMs: readonly number[];
}

export interface MemoryFacts {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
}

export interface SecurityFacts {
  readonly selinuxEnforcing: boolean;
  readonly appArmor: 'off' | 'on' | 'without-tools';
}

export interface SelfFacts {
  readonly role: 'server' | 'agent';
  readonly nodeName: string;
  readonly address: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly apiPort: number | undefined;
  readonly agentPort: number;
  readonly network: 'auto' | 'route' | 'vxlan';
  readonly clusterCidr: string;
  readonly bridge: string;
  /** A cluster is here already, and its processes should have set what they need. */
  readonly installed: boolean;
}

/** Another machine of the cluster, as its Node says. */
export interface PeerFact {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly machineId: string;
  readonly bootId: string;
}

/** Where the tunnels between machines end. */
export const vxlanPort = 4789;
