import type { V1ControllerRevision } from '#api/generated/types.ts';
import { controllerRevisions } from '#api/kinds.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from '#api/validation/apps/controller-revision.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';

function controllerOf({ metadata }: V1ControllerRevision): string {
  const owner = metadata?.ownerReferences?.find((reference) => reference.controller);
  if (!owner) return none;
  const [group = '', version] = (owner.apiVersion ?? '').split('/');
  return `${(owner.kind ?? '').toLowerCase()}${version ? `.${group}` : ''}/${owner.name}`;
}

export const controllerRevisionResource = defineResource<V1ControllerRevision>({
  type: controllerRevisions,
  strategy: { validate: validateControllerRevision, validateUpdate: validateControllerRevisionUpdate },
  columns: [
    nameColumn(),
    column('Controller', controllerOf),
    column('Revision', (revision) => revision.revision ?? 0, { type: 'integer' }),
    ageColumn(),
  ],
});
