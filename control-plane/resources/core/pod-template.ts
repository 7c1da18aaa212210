import { defaultTemplate } from '#api/defaults/workloads.ts';
import type { V1PodTemplate } from '#api/generated/types.ts';
import { podTemplates } from '#api/kinds.ts';
import { podTemplate } from '#api/validation/pod/pod.ts';
import { column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';
import { labelsText, templateColumns } from '../workload-columns.ts';

export const podTemplateResource = defineResource<V1PodTemplate>({
  type: podTemplates,
  strategy: generationOf((object) => object.template, {
    default: (object) => defaultTemplate(object.template),
    validate: (object) => podTemplate(object.template, 'template'),
  }),
  columns: [
    nameColumn(),
    ...templateColumns<V1PodTemplate>((object) => object.template).map((one) => ({ ...one, priority: 0 as const })),
    column('Pod Labels', (object) => labelsText(object.template?.metadata?.labels)),
  ],
});
