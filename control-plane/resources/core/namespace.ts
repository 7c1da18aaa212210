import { namespaces } from '#api/kinds.ts';
import { allVerbs, defineResource } from '../define.ts';
import { objectSubresource, statusSubresource } from '../subresources.ts';

export const namespaceResource = defineResource({
  type: namespaces,
  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
  subresources: [objectSubresource('finalize', ['update']), statusSubresource],
});
