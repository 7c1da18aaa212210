import type { V1CSIDriver } from '#api/generated/types.ts';
import { csiDrivers } from '#api/kinds.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

const unset = '<unset>';

function defaultDriver({ spec }: V1CSIDriver): void {
  if (!spec) return;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
}

export const csiDriverResource = defineResource<V1CSIDriver>({
  type: csiDrivers,
  strategy: generationOf<V1CSIDriver>((driver) => driver.spec, { default: defaultDriver }),
  columns: [
    nameColumn(),
    column('AttachRequired', (driver) => driver.spec?.attachRequired ?? true, { type: 'boolean' }),
    column('PodInfoOnMount', (driver) => driver.spec?.podInfoOnMount ?? false, { type: 'boolean' }),
    column('StorageCapacity', (driver) => driver.spec?.storageCapacity ?? false, { type: 'boolean' }),
    column(
      'TokenRequests',
      (driver) => (driver.spec?.tokenRequests ?? []).map((one) => one.audience).join(',') || unset,
    ),
    column('RequiresRepublish', (driver) => driver.spec?.requiresRepublish ?? false, { type: 'boolean' }),
    column('Modes', (driver) => (driver.spec?.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn(),
  ],
});
