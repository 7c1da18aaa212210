import type { V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import type { InformerFactory } from '#client/informer.ts';
import { canonicalAddress } from './names.ts';
import { type ServiceNames, serviceNames } from './service-names.ts';

/** Looks services up by what stands in names; nothing is searched through. */
export interface Directory {
  /** Everything has been listed once. What was known then goes on being known while the server is away. */
  readonly synced: boolean;
  service(namespace: string, name: string): ServiceNames | undefined;
  /** Whether there is any service in the namespace. */
  hasNamespace(namespace: string): boolean;
  /** Names that an address has, without the cluster's domain: `web.default.svc`. */
  namesOf(address: string): readonly string[];
  close(): void;
}

const serviceLabel = 'kubernetes.io/service-name';
const clusterIpIndex = 'dns cluster ip';
const sliceServiceIndex = 'dns service';
const sliceAddressIndex = 'dns address';

const serviceIndexes = {
  [clusterIpIndex]: ({ spec }: V1Service): readonly string[] =>
    spec?.type === 'ExternalName'
      ? []
      : unique([...(spec?.clusterIPs ?? []), spec?.clusterIP ?? ''])
          .filter((ip) => ip !== '' && ip !== 'None')
          .map(canonicalAddress),
};

const sliceIndexes = {
  [sliceServiceIndex]: (slice: V1EndpointSlice): readonly string[] => [serviceOf(slice)],
  [sliceAddressIndex]: ({ endpoints }: V1EndpointSlice): readonly string[] =>
    unique((endpoints ?? []).flatMap(({ addresses }) => addresses.map(canonicalAddress))),
};

export function createDirectory(informers: InformerFactory): Directory {
  const serviceCache = informers.informer(services, serviceIndexes);
  const sliceCache = informers.informer(endpointSlices, sliceIndexes);
  /** Made when somebody asks, thrown away when something changes. */
  const views = new Map<string, ServiceNames>();
  const perNamespace = new Map<string, number>();

  const count = (namespace: string, by: number): void => {
    const total = (perNamespace.get(namespace) ?? 0) + by;
    if (total > 0) perNamespace.set(namespace, total);
    else perNamespace.delete(namespace);
  };
  const removals = [
    serviceCache.addHandler({
      onAdd: ({ metadata }) => {
        count(metadata.namespace ?? '', 1);
        views.delete(`${metadata.namespace}/${metadata.name}`);
      },
      onUpdate: ({ metadata }) => void views.delete(`${metadata.namespace}/${metadata.name}`),
      onDelete: ({ metadata }) => {
        count(metadata.namespace ?? '', -1);
        views.delete(`${metadata.namespace}/${metadata.name}`);
      },
    }),
    sliceCache.addHandler({
      onAdd: (slice) => void views.delete(serviceOf(slice)),
      onUpdate: (slice, old) => {
        views.delete(serviceOf(old));
        views.delete(serviceOf(slice));
      },
      onDelete: (slice) => void views.delete(serviceOf(slice)),
    }),
  ];

  const service = (namespace: string, name: string): ServiceNames | undefined => {
    const key = `${namespace}/${name}`;
    const known = views.get(key);
    if (known) return known;
    const object = serviceCache.get({ namespace, name });
    if (!object) return undefined;
    const view = serviceNames(object, sliceCache.byIndex(sliceServiceIndex, key));
    views.set(key, view);
    return view;
  };

  return {
    get synced() {
      return serviceCache.synced && sliceCache.synced;
    },
    service,
    hasNamespace: (namespace) => perNamespace.has(namespace),
    namesOf(address) {
      const names = serviceCache
        .byIndex(clusterIpIndex, address)
        .map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc`);
      for (const key of unique(sliceCache.byIndex(sliceAddressIndex, address).map(serviceOf))) {
        const [namespace = '', name = ''] = key.split('/');
        const view = service(namespace, name);
        const endpoint = view?.kind === 'headless' ? view.byAddress.get(address) : undefined;
        if (endpoint) names.push(`${endpoint.label}.${name}.${namespace}.svc`);
      }
      return names;
    },
    close() {
      for (const remove of removals) remove();
    },
  };
}

const serviceOf = ({ metadata }: V1EndpointSlice): string =>
  `${metadata?.namespace}/${metadata?.labels?.[serviceLabel] ?? ''}`;

const unique = (list: readonly string[]): string[] => [...new Set(list)];
