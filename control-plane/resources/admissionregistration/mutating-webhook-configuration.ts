import { defaultMutatingWebhooks } from '#api/defaults/more.ts';
import type { V1MutatingWebhookConfiguration } from '#api/generated/types.ts';
import { mutatingWebhookConfigurations } from '#api/kinds.ts';
import { webhooks } from '#api/validation/webhooks.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

export const mutatingWebhookConfigurationResource = defineResource<V1MutatingWebhookConfiguration>({
  type: mutatingWebhookConfigurations,
  strategy: generationOf<V1MutatingWebhookConfiguration>((one) => one.webhooks, {
    default: defaultMutatingWebhooks,
    validate: (one) => webhooks(one.webhooks),
  }),
  columns: [nameColumn(), column('Webhooks', (one) => (one.webhooks ?? []).length, { type: 'integer' }), ageColumn()],
});
