import { defaultPriorityClass } from '#api/defaults/more.ts';
import type { V1PriorityClass } from '#api/generated/types.ts';
import { priorityClasses } from '#api/kinds.ts';
import { validatePriorityClass, validatePriorityClassUpdate } from '#api/validation/storage.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

const contents = ({ value, globalDefault, description, preemptionPolicy }: V1PriorityClass) => ({
  value,
  globalDefault,
  description,
  preemptionPolicy,
});

export const priorityClassResource = defineResource<V1PriorityClass>({
  type: priorityClasses,
  strategy: generationOf(contents, {
    default: defaultPriorityClass,
    validate: validatePriorityClass,
    validateUpdate: validatePriorityClassUpdate,
  }),
  columns: [
    nameColumn(),
    column('Value', (priority) => priority.value ?? 0, { type: 'integer' }),
    column('Global-Default', (priority) => priority.globalDefault ?? false, { type: 'boolean' }),
    ageColumn(),
    column('PreemptionPolicy', (priority) => priority.preemptionPolicy ?? ''),
  ],
});
