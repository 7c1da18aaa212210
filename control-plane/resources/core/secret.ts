import { defaultSecret } from '#api/defaults/objects.ts';
import type { V1Secret } from '#api/generated/types.ts';
import { secrets } from '#api/kinds.ts';
import { validateSecret, validateSecretUpdate } from '#api/validation/config.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';

export const secretResource = defineResource<V1Secret>({
  type: secrets,
  strategy: {
    default: defaultSecret,
    prepareForUpdate(secret, old) {
      // Older clients leave the type out; it cannot change anyway.
      if (!secret.type && old.type) secret.type = old.type;
    },
    validate: validateSecret,
    validateUpdate: validateSecretUpdate,
    selectableFields: { type: (secret) => secret.type ?? '' },
  },
  columns: [
    nameColumn(),
    column('Type', (secret) => secret.type ?? ''),
    column('Data', (secret) => Object.keys(secret.data ?? {}).length, { type: 'integer' }),
    ageColumn(),
  ],
});
