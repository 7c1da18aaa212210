import { defaultEndpoints } from '#api/defaults/objects.ts';
import type { V1Endpoints } from '#api/generated/types.ts';
import { endpoints } from '#api/kinds.ts';
import { validateEndpoints } from '#api/validation/endpoints.ts';
import { ageColumn, column, nameColumn, none, someOf } from '../columns.ts';
import { defineResource } from '../define.ts';

const withPort = (ip = '', port = 0): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

function addressesOf({ subsets = [] }: V1Endpoints): string {
  if (subsets.length === 0) return none;
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip ?? '')
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => withPort(ip, port))),
  );
  return someOf(all);
}

export const endpointsResource = defineResource<V1Endpoints>({
  type: endpoints,
  storagePath: 'services/endpoints',
  strategy: { default: defaultEndpoints, validate: validateEndpoints },
  columns: [nameColumn(), column('Endpoints', addressesOf), ageColumn()],
});
