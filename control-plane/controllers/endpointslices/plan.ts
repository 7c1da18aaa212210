import type { V1Endpoint, V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import { services } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import { isSame } from '../shared/canonical.ts';
import { controllerRef } from '../shared/owners.ts';
import { isHeadless } from '../shared/service-pods.ts';
import { type EndpointGroup, groupId } from './desired.ts';
import { sliceName } from './name.ts';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
export const serviceLabel = 'kubernetes.io/service-name';
const endpointsMax = 100;

export interface SlicePlan {
  readonly create: readonly V1EndpointSlice[];
  readonly update: readonly V1EndpointSlice[];
  readonly remove: readonly Stored<V1EndpointSlice>[];
}

/**
 * How the slices must change: endpoints stay in the slice they are in, new ones fill what has room, and a slice that is
 * not touched is not written. `taken` are the names of all slices of the namespace.
 */
export function planSlices(
  service: Stored<V1Service>,
  groups: readonly EndpointGroup[],
  current: readonly Stored<V1EndpointSlice>[],
  taken: (name: string) => boolean,
): SlicePlan {
  const create: V1EndpointSlice[] = [];
  const update: V1EndpointSlice[] = [];
  const kept = new Set<string>();
  const labels = wantedLabels(service);
  for (const group of groups) {
    const slices = current.filter((slice) => groupId(slice.addressType, slice.ports ?? []) === group.id).sort(byName);
    const placed = place(group, slices);
    for (const { slice, endpoints } of placed) {
      if (!slice) {
        const names = new Set(create.map(({ metadata }) => metadata?.name));
        const name = sliceName(service, group.id, (one) => taken(one) || names.has(one));
        create.push(newSlice(service, group, name, labels, endpoints));
        continue;
      }
      kept.add(slice.metadata.uid);
      const wantedAll = { ...foreignLabels(slice), ...labels };
      if (isSame(slice.endpoints ?? [], endpoints) && isSame(slice.metadata.labels ?? {}, wantedAll)) continue;
      update.push({ ...slice, metadata: { ...slice.metadata, labels: wantedAll }, endpoints: [...endpoints] });
    }
  }
  return { create, update, remove: current.filter(({ metadata }) => !kept.has(metadata.uid)) };
}

interface Placed {
  readonly slice: Stored<V1EndpointSlice> | undefined;
  readonly endpoints: readonly V1Endpoint[];
}

function place(group: EndpointGroup, slices: readonly Stored<V1EndpointSlice>[]): readonly Placed[] {
  const missing = new Map(group.endpoints);
  const placed: { slice: Stored<V1EndpointSlice> | undefined; endpoints: V1Endpoint[] }[] = slices.map((slice) => ({
    slice,
    endpoints: (slice.endpoints ?? []).flatMap(({ targetRef }) => {
      const uid = targetRef?.uid ?? '';
      const wanted = missing.get(uid);
      missing.delete(uid);
      return wanted ? [wanted] : [];
    }),
  }));
  // The fullest slice with room first, so that others may run empty and go.
  const byRoom = placed.toSorted((a, b) => b.endpoints.length - a.endpoints.length);
  for (const wanted of missing.values()) {
    const target = byRoom.find(({ endpoints }) => endpoints.length < endpointsMax);
    if (target) target.endpoints.push(wanted);
    else {
      const added = { slice: undefined, endpoints: [wanted] };
      placed.push(added);
      byRoom.push(added);
    }
  }
  const used = placed.filter(({ endpoints }) => endpoints.length > 0);
  return used.length > 0 ? used : [placed[0] ?? { slice: undefined, endpoints: [] }];
}

function newSlice(
  service: Stored<V1Service>,
  group: EndpointGroup,
  name: string,
  labels: Record<string, string>,
  endpoints: readonly V1Endpoint[],
): V1EndpointSlice {
  return {
    metadata: {
      name,
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      labels,
      ownerReferences: [controllerRef(services, service)],
    },
    addressType: group.addressType,
    ports: [...group.ports],
    endpoints: [...endpoints],
  };
}

const wantedLabels = (service: Stored<V1Service>): Record<string, string> => ({
  ...service.metadata.labels,
  [serviceLabel]: service.metadata.name,
  [managedByLabel]: managedBy,
  ...(isHeadless(service) && { 'service.kubernetes.io/headless': '' }),
});

/** Labels that belong to the slice alone; whatever else it has comes from the service. */
const foreignLabels = (slice: V1EndpointSlice): Record<string, string> => {
  const skipped = slice.metadata?.labels?.['endpointslice.kubernetes.io/skip-mirror'];
  return skipped === undefined ? {} : { 'endpointslice.kubernetes.io/skip-mirror': skipped };
};

const byName = (a: Stored<V1EndpointSlice>, b: Stored<V1EndpointSlice>): number =>
  a.metadata.name < b.metadata.name ? -1 : a.metadata.name > b.metadata.name ? 1 : 0;
