import { defaultNamespace } from '#api/defaults/objects.ts';
import type { V1Namespace } from '#api/generated/types.ts';
import { namespaces } from '#api/kinds.ts';
import type { Strategy } from '#api/strategy.ts';
import { validateNamespace, validateNamespaceStatus } from '#api/validation/nodes.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { allVerbs, defineResource } from '../define.ts';
import { objectSubresource, statusSubresource } from '../subresources.ts';

/** The mark that keeps a namespace until everything in it is gone; its controller takes it off by /finalize. */
const finalizer = 'kubernetes';

const strategy: Strategy<V1Namespace> = {
  nameRule: 'dns-label',
  default: defaultNamespace,
  prepareForCreate(namespace) {
    namespace.status = { phase: 'Active' };
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = { finalizers: finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer] };
  },
  prepareForUpdate(namespace, old, { subresource }) {
    if (subresource !== 'finalize') namespace.spec = old.spec;
    if (subresource !== 'status') namespace.status = old.status;
  },
  validate: validateNamespace,
  validateStatus: validateNamespaceStatus,
  selectableFields: {
    'status.phase': (namespace) => namespace.status?.phase ?? '',
    name: (one) => one.metadata?.name ?? '',
  },
};

export const namespaceResource = defineResource<V1Namespace>({
  type: namespaces,
  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
  strategy,
  subresources: [objectSubresource('finalize', ['update']), statusSubresource],
  columns: [
    nameColumn(),
    column('Status', (namespace) => namespace.status?.phase ?? '', { description: 'Active, or Terminating.' }),
    ageColumn(),
  ],
});
