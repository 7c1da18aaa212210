import { cidrAddress, isIPv4Network } from './ipv4-network.ts';

/** What every machine of a cluster must agree on. Chosen when the cluster is made. */
export interface ClusterConfig {
  /** Addresses of all pods, IPv4. */
  readonly clusterCidr: string;
  /** Prefix length of each node's part of `clusterCidr`; its own prefix length where that is longer (one node only). */
  readonly nodeCidrBits: number;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
  /** Where pods find the cluster's names: an address of `serviceCidr`. */
  readonly clusterDns: string;
  readonly nodePorts: { readonly first: number; readonly last: number };
  /** How machines reach each other's pods; `auto`: by route on one link, else by VXLAN. */
  readonly network: 'auto' | 'route' | 'vxlan';
  /** Without a sign of life for this long, a machine counts as dead. */
  readonly detectSeconds: number;
  /** How long its pods stay bound to a machine that counts as dead, unless they say otherwise. */
  readonly evictSeconds: number;
  /** Without contact for this long, a machine has stopped what must not run twice (docs/decisions/0016). 0: never. */
  readonly fenceSeconds: number;
}

/** The ConfigMap that holds it, readable by whoever may join. */
export const clusterConfigName = { namespace: 'kube-public', name: 'berth-cluster' } as const;

export const defaultClusterConfig: ClusterConfig = {
  clusterCidr: '10.42.0.0/16',
  nodeCidrBits: 24,
  serviceCidr: '10.43.0.0/16',
  clusterDomain: 'cluster.local',
  clusterDns: '10.43.0.10',
  nodePorts: { first: 30_000, last: 32_767 },
  network: 'auto',
  detectSeconds: 4,
  evictSeconds: 2,
  fenceSeconds: 6,
};

/** The choices made, the rest by default. Throws a TypeError that names the field. */
export function clusterConfig(chosen: Partial<ClusterConfig> = {}): ClusterConfig {
  const merged = { ...defaultClusterConfig, ...withoutUndefined(chosen) };
  for (const field of ['clusterCidr', 'serviceCidr'] as const) {
    if (!isIPv4Network(merged[field])) refuse(field, merged[field], 'an IPv4 network such as 10.42.0.0/16');
  }
  const config = {
    ...merged,
    nodeCidrBits: Math.max(merged.nodeCidrBits, prefixOf(merged.clusterCidr)),
    clusterDns: chosen.clusterDns ?? cidrAddress(merged.serviceCidr, 10),
  };
  check(config);
  return config;
}

/** As the data of a ConfigMap. */
export function clusterConfigToData(config: ClusterConfig): Record<string, string> {
  const { nodePorts, nodeCidrBits, detectSeconds, evictSeconds, fenceSeconds, ...texts } = config;
  return {
    ...texts,
    nodePorts: `${nodePorts.first}-${nodePorts.last}`,
    nodeCidrBits: String(nodeCidrBits),
    detectSeconds: String(detectSeconds),
    evictSeconds: String(evictSeconds),
    fenceSeconds: String(fenceSeconds),
  };
}

/** Reverse of `clusterConfigToData`. What is missing has its default. Throws a TypeError that names the field. */
export function clusterConfigFromData(data: Readonly<Record<string, string>> = {}): ClusterConfig {
  const { clusterCidr, serviceCidr, clusterDomain, clusterDns, network, nodePorts } = data;
  const seconds = (field: string): number | undefined => (data[field] === undefined ? undefined : Number(data[field]));
  return clusterConfig({
    ...withoutUndefined({ clusterCidr, serviceCidr, clusterDomain, clusterDns }),
    ...withoutUndefined({
      nodeCidrBits: seconds('nodeCidrBits'),
      detectSeconds: seconds('detectSeconds'),
      evictSeconds: seconds('evictSeconds'),
      fenceSeconds: seconds('fenceSeconds'),
      network: network === undefined ? undefined : parseNetworkMode(network),
      nodePorts: nodePorts === undefined ? undefined : parseNodePorts(nodePorts),
    }),
  });
}

/** Throws a TypeError. */
export function parseNetworkMode(text: string): ClusterConfig['network'] {
  if (text === 'auto' || text === 'route' || text === 'vxlan') return text;
  return refuse('network', text, 'auto, route or vxlan');
}

/** `30000-32767`. Throws a TypeError. */
export function parseNodePorts(text: string): ClusterConfig['nodePorts'] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? refuse('nodePorts', text, 'a range such as 30000-32767');
  return { first: Number(first), last: Number(last) };
}

function check(config: ClusterConfig): void {
  const { nodeCidrBits, clusterDomain, clusterDns, nodePorts, detectSeconds, evictSeconds, fenceSeconds } = config;
  if (!Number.isInteger(nodeCidrBits) || nodeCidrBits > 28) refuse('nodeCidrBits', nodeCidrBits, 'a length up to 28');
  if (!isIPv4Network(`${clusterDns}/32`)) refuse('clusterDns', clusterDns, 'an IPv4 address');
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(clusterDomain)) {
    refuse('clusterDomain', clusterDomain, 'a domain name such as cluster.local');
  }
  const { first, last } = nodePorts;
  if (!(first >= 1 && first <= last && last <= 65_535)) refuse('nodePorts', `${first}-${last}`, 'a range of ports');
  for (const [field, value, least] of [
    ['detectSeconds', detectSeconds, 2],
    // Less, and the first of many machines that are lost at once would lose its pods before the others are missed.
    ['evictSeconds', evictSeconds, 1],
    ['fenceSeconds', fenceSeconds, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) refuse(field, value, `a whole number of seconds, ${least} or more`);
  }
  if (fenceSeconds > 0 && fenceSeconds <= detectSeconds) {
    const why = 'otherwise machines stop what must not run twice before the server has noticed anything';
    refuse('fenceSeconds', fenceSeconds, `0 (never) or more than detectSeconds (${detectSeconds}): ${why}`);
  }
}

const prefixOf = (cidr: string): number => Number(cidr.split('/')[1]);

function refuse(field: string, value: unknown, wanted: string): never {
  throw new TypeError(`${field} must be ${wanted}, but is ${JSON.stringify(value)}`);
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in object) {
    const value = object[key];
    if (isDefined(value)) kept[key] = value;
  }
  return kept;
}

const isDefined = <T>(value: T): value is Exclude<T, undefined> => value !== undefined;
