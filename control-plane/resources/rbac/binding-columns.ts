import type { RbacV1Subject, V1RoleRef } from '#api/generated/types.ts';
import type { KubeObject } from '#api/meta.ts';
import type { TableColumn } from '../../apiserver/resource-definition.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';

interface Binding extends KubeObject {
  roleRef: V1RoleRef;
  subjects?: RbacV1Subject[] | undefined;
}

const named = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');

export const bindingColumns = <T extends Binding>(): TableColumn<T>[] => [
  nameColumn(),
  column<T>('Role', ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`),
  ageColumn(),
  column<T>('Users', (binding) => named(binding, 'User'), { wide: true }),
  column<T>('Groups', (binding) => named(binding, 'Group'), { wide: true }),
  column<T>('ServiceAccounts', (binding) => named(binding, 'ServiceAccount'), { wide: true }),
];
