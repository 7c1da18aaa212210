import { defaultEndpointSlice } from '#api/defaults/objects.ts';
import type { V1EndpointSlice } from '#api/generated/types.ts';
import { endpointSlices } from '#api/kinds.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '#api/validation/endpoints.ts';
import { ageColumn, column, nameColumn, someOf } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

const unset = '<unset>';

const contents = ({ endpoints, ports, addressType, metadata }: V1EndpointSlice) => ({
  endpoints,
  ports,
  addressType,
  labels: metadata?.labels,
});

export const endpointSliceResource = defineResource<V1EndpointSlice>({
  type: endpointSlices,
  strategy: generationOf(contents, {
    default: defaultEndpointSlice,
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
  }),
  columns: [
    nameColumn(),
    column('AddressType', (slice) => slice.addressType ?? ''),
    column('Ports', ({ ports = [] }) =>
      ports.length === 0 ? unset : someOf(ports.map(({ port }) => (port === undefined ? '*' : String(port)))),
    ),
    column('Endpoints', ({ endpoints = [] }) =>
      endpoints.length === 0 ? unset : someOf(endpoints.flatMap(({ addresses }) => addresses ?? [])),
    ),
    ageColumn(),
  ],
});
