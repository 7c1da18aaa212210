import type { V1ResourceSlice } from '#api/generated/types.ts';
import { resourceSlices } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

export const resourceSliceResource = defineResource<V1ResourceSlice>({
  type: resourceSlices,
  strategy: {
    ...generationOf<V1ResourceSlice>((slice) => slice.spec, {}),
    selectableFields: {
      'spec.nodeName': (slice) => slice.spec?.nodeName ?? '',
      'spec.driver': (slice) => slice.spec?.driver ?? '',
    },
  },
  columns: [
    nameColumn(),
    column('Node', (slice) => slice.spec?.nodeName ?? '<unset>'),
    column('Driver', (slice) => slice.spec?.driver ?? ''),
    column('Pool', (slice) => slice.spec?.pool?.name ?? ''),
    ageColumn(),
  ],
});
