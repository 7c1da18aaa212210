import type { V1IPAddress } from '#api/generated/types.ts';
import { ipAddresses } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

function parentOf({ spec }: V1IPAddress): string {
  const { group, resource, namespace, name } = spec?.parentRef ?? {};
  return [group ? `${resource}.${group}` : resource, namespace, name].filter(Boolean).join('/');
}

export const ipAddressResource = defineResource<V1IPAddress>({
  type: ipAddresses,
  columns: [nameColumn(), column('ParentRef', parentOf), ageColumn()],
});
