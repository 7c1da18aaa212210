import type { V1RuntimeClass } from '#api/generated/types.ts';
import { runtimeClasses } from '#api/kinds.ts';
import { validateRuntimeClass, validateRuntimeClassUpdate } from '#api/validation/storage.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const runtimeClassResource = defineResource<V1RuntimeClass>({
  type: runtimeClasses,
  strategy: { validate: validateRuntimeClass, validateUpdate: validateRuntimeClassUpdate },
  columns: [nameColumn(), column('Handler', (runtime) => runtime.handler ?? ''), ageColumn()],
});
