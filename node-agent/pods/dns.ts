import type { V1Pod } from '#api/generated/types.ts';
import type { SandboxConfig } from '../runtime/runtime.ts';
import { isHostNetwork } from './pod-model.ts';

type DnsConfig = NonNullable<SandboxConfig['dns']>;

export interface DnsSettings {
  /** Empty: the cluster has no DNS yet; pods use the node's resolver. */
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
}

/** The lines of a resolv.conf that matter. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  const options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    if (keyword === 'search' || keyword === 'domain') searches = values;
    if (keyword === 'options') options.push(...values);
  }
  return { servers, searches, options };
}

/** The limits of resolvers; more is cut, as the kubelet does. */
const serversMax = 3;
const searchesMax = 32;
const searchLineMax = 2048;

/** The pod's resolver configuration after its dnsPolicy and dnsConfig. */
export function podDns(pod: V1Pod, node: DnsConfig, settings: DnsSettings): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const own = pod.spec?.dnsConfig;
  const base = baseOf(pod, policy, node, settings);
  const options = new Map(base.options.map((option) => [option.split(':')[0] ?? option, option]));
  for (const { name = '', value } of own?.options ?? [])
    options.set(name, value === undefined ? name : `${name}:${value}`);
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, serversMax),
    searches: fitting(unique([...base.searches, ...(own?.searches ?? [])].map(withoutLastDot)).filter(Boolean)),
    options: [...options.values()],
  };
}

function baseOf(pod: V1Pod, policy: string, node: DnsConfig, { clusterDns, clusterDomain }: DnsSettings): DnsConfig {
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
  if (clusterDns.length === 0) return node;
  // What the node reaches on its own loopback, a pod cannot; the cluster's server passes on to the same ones.
  if (!cluster) return isHostNetwork(pod) || !node.servers.every(isLoopback) ? node : { ...node, servers: clusterDns };
  const namespace = pod.metadata?.namespace ?? '';
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: clusterDns, searches: [...searches, ...node.searches], options: ['ndots:5'] };
}

/** As many as resolvers read: 32 names, 2048 letters in all. */
function fitting(searches: readonly string[]): string[] {
  let letters = 0;
  return searches.slice(0, searchesMax).filter((search) => {
    letters += search.length + 1;
    return letters <= searchLineMax;
  });
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

/** `.` alone asks for nothing to be appended, which every resolver tries anyway. */
const withoutLastDot = (search: string): string => search.replace(/\.$/, '');

const unique = (list: readonly string[]): string[] => [...new Set(list)];
