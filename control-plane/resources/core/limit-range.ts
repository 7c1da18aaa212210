import { defaultLimitRange } from '#api/defaults/more.ts';
import type { V1LimitRange } from '#api/generated/types.ts';
import { limitRanges } from '#api/kinds.ts';
import { validateLimitRange } from '#api/validation/limits.ts';
import { createdAtColumn, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const limitRangeResource = defineResource<V1LimitRange>({
  type: limitRanges,
  strategy: { default: defaultLimitRange, validate: validateLimitRange },
  columns: [nameColumn(), createdAtColumn()],
});
