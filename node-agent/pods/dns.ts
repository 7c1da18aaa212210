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
    searches: unique([...base.searches, ...(own?.searches ?? [])]).slice(0, searchesMax),
    options: [...options.values()],
  };
}

function baseOf(pod: V1Pod, policy: string, node: DnsConfig, { clusterDns, clusterDomain }: DnsSettings): DnsConfig {
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !isHostNetwork(pod));
  if (!cluster || clusterDns.length === 0) return node;
  const namespace = pod.metadata?.namespace ?? '';
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: clusterDns, searches: [...searches, ...node.searches], options: ['ndots:5'] };
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];
