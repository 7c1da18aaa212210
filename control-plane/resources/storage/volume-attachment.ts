import type { V1VolumeAttachment } from '#api/generated/types.ts';
import { volumeAttachments } from '#api/kinds.ts';
import { immutableField } from '#api/validation/fields.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { specAndStatus } from '../strategies.ts';
import { statusSubresource } from '../subresources.ts';

export const volumeAttachmentResource = defineResource<V1VolumeAttachment>({
  type: volumeAttachments,
  strategy: specAndStatus<V1VolumeAttachment>(
    { validateUpdate: (attachment, old) => immutableField(attachment.spec, old.spec, 'spec') },
    { emptyStatus: () => ({ attached: false }), generation: false },
  ),
  subresources: [statusSubresource],
  columns: [
    nameColumn(),
    column('Attacher', (attachment) => attachment.spec?.attacher ?? ''),
    column('PV', (attachment) => attachment.spec?.source?.persistentVolumeName ?? ''),
    column('Node', (attachment) => attachment.spec?.nodeName ?? ''),
    column('Attached', (attachment) => attachment.status?.attached ?? false, { type: 'boolean' }),
    ageColumn(),
  ],
});
