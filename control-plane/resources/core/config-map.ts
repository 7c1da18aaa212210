import type { V1ConfigMap } from '#api/generated/types.ts';
import { configMaps } from '#api/kinds.ts';
import { validateConfigMap, validateConfigMapUpdate } from '#api/validation/config.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

const count = ({ data, binaryData }: V1ConfigMap): number =>
  Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length;

export const configMapResource = defineResource<V1ConfigMap>({
  type: configMaps,
  strategy: { validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
  columns: [
    nameColumn(),
    column('Data', count, { type: 'integer', description: 'How many keys it has.' }),
    ageColumn(),
  ],
});
