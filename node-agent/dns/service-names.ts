import type { V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import type { Stored } from '#api/meta.ts';
import { canonicalAddress, dashed } from './names.ts';

/** What the names of one service say. */
export interface ServiceNames {
  readonly kind: 'cluster' | 'headless' | 'external';
  readonly externalName: string;
  readonly clusterIps: readonly string[];
  readonly ports: readonly NamedPort[];
  /** Those that are ready, or that the service wants named before they are. */
  readonly endpoints: readonly NamedEndpoint[];
  readonly byLabel: ReadonlyMap<string, readonly NamedEndpoint[]>;
  readonly byAddress: ReadonlyMap<string, NamedEndpoint>;
}

export interface NamedPort {
  readonly name: string;
  /** Lower case. */
  readonly protocol: string;
  readonly port: number;
}

export interface NamedEndpoint {
  /** Its hostname, or what stands for one. */
  readonly label: string;
  readonly address: string;
  readonly ports: readonly NamedPort[];
}

/** Pure. The names of a service, from what is known of it and its endpoints. */
export function serviceNames({ spec }: Stored<V1Service>, slices: readonly Stored<V1EndpointSlice>[]): ServiceNames {
  const endpoints = collectEndpoints(slices);
  const byLabel = new Map<string, NamedEndpoint[]>();
  for (const endpoint of endpoints) {
    const same = byLabel.get(endpoint.label);
    if (same) same.push(endpoint);
    else byLabel.set(endpoint.label, [endpoint]);
  }
  const clusterIps = spec?.clusterIPs?.length ? spec.clusterIPs : spec?.clusterIP ? [spec.clusterIP] : [];
  const external = spec?.type === 'ExternalName';
  const headless = clusterIps.includes('None');
  return {
    kind: external ? 'external' : headless ? 'headless' : 'cluster',
    externalName: (spec?.externalName ?? '').replace(/\.$/, '').toLowerCase(),
    clusterIps: external || headless ? [] : clusterIps.map(canonicalAddress),
    ports: (spec?.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => ({
      name: name.toLowerCase(),
      protocol: protocol.toLowerCase(),
      port,
    })),
    endpoints,
    byLabel,
    byAddress: new Map(endpoints.map((endpoint) => [endpoint.address, endpoint])),
  };
}

/** Each address once, with the ports of every slice it stands in. */
function collectEndpoints(slices: readonly Stored<V1EndpointSlice>[]): readonly NamedEndpoint[] {
  const found = new Map<string, { label: string; address: string; ports: NamedPort[] }>();
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    const ports = (slice.ports ?? []).flatMap(({ name, protocol, port }) =>
      port === undefined
        ? []
        : [{ name: (name ?? '').toLowerCase(), protocol: (protocol ?? 'TCP').toLowerCase(), port }],
    );
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const text of addresses) {
        const address = canonicalAddress(text);
        const label = (hostname || dashed(address)).toLowerCase();
        const known = found.get(`${label} ${address}`);
        if (known) known.ports.push(...ports);
        else found.set(`${label} ${address}`, { label, address, ports: [...ports] });
      }
    }
  }
  return [...found.values()];
}
