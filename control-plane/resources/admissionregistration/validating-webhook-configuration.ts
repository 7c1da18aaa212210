import { validatingWebhookConfigurations } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const validatingWebhookConfigurationResource = defineResource({
  type: validatingWebhookConfigurations,
});
