import type { V1VolumeAttributesClass } from '#api/generated/types.ts';
import { volumeAttributesClasses } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const volumeAttributesClassResource = defineResource<V1VolumeAttributesClass>({
  type: volumeAttributesClasses,
  columns: [nameColumn(), column('DriverName', (volumeClass) => volumeClass.driverName ?? ''), ageColumn()],
});
