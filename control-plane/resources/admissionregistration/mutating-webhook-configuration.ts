import { mutatingWebhookConfigurations } from '#api/kinds.ts';
import { defineResource } from '../define.ts';

export const mutatingWebhookConfigurationResource = defineResource({
  type: mutatingWebhookConfigurations,
});
