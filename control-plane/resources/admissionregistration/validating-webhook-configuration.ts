import { defaultValidatingWebhooks } from '#api/defaults/more.ts';
import type { V1ValidatingWebhookConfiguration } from '#api/generated/types.ts';
import { validatingWebhookConfigurations } from '#api/kinds.ts';
import { webhooks } from '#api/validation/webhooks.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { defineResource } from '../define.ts';
import { generationOf } from '../strategies.ts';

export const validatingWebhookConfigurationResource = defineResource<V1ValidatingWebhookConfiguration>({
  type: validatingWebhookConfigurations,
  strategy: generationOf<V1ValidatingWebhookConfiguration>((one) => one.webhooks, {
    default: defaultValidatingWebhooks,
    validate: (one) => webhooks(one.webhooks),
  }),
  columns: [nameColumn(), column('Webhooks', (one) => (one.webhooks ?? []).length, { type: 'integer' }), ageColumn()],
});
