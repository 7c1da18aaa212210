import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1ValidatingWebhook } from '../generated/types.ts';
import { all, each, labelSelector, oneOf, requiredOneOf } from './fields.ts';
import { dnsSubdomainProblems } from './formats.ts';

const secondsMax = 30;

/** Mutating webhooks have the same fields and one more. */
export function webhooks(list: readonly V1ValidatingWebhook[] | undefined): FieldError[] {
  const names = new Set<string>();
  return each(list, 'webhooks', (webhook, path) => {
    const name = webhook.name ?? '';
    const errors = all(fullyQualified(name), `${path}.name`, name);
    if (names.has(name)) errors.push(fieldDuplicate(`${path}.name`, name));
    names.add(name);
    const seconds = webhook.timeoutSeconds;
    if (seconds !== undefined && (seconds < 1 || seconds > secondsMax)) {
      const words = `the timeout value must be between 1 and ${secondsMax} seconds`;
      errors.push(fieldInvalid(`${path}.timeoutSeconds`, seconds, words));
    }
    if (!webhook.admissionReviewVersions?.length) {
      const words = 'must specify one of v1, v1beta1';
      errors.push(fieldRequired(`${path}.admissionReviewVersions`, words));
    }
    return [
      ...errors,
      ...requiredOneOf(webhook.sideEffects, `${path}.sideEffects`, ['None', 'NoneOnDryRun']),
      ...oneOf(webhook.failurePolicy, `${path}.failurePolicy`, ['Fail', 'Ignore']),
      ...oneOf(webhook.matchPolicy, `${path}.matchPolicy`, ['Equivalent', 'Exact']),
      ...labelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
      ...labelSelector(webhook.objectSelector, `${path}.objectSelector`),
      ...clientConfig(webhook, `${path}.clientConfig`),
    ];
  });
}

function clientConfig({ clientConfig: config }: V1ValidatingWebhook, field: string): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    return [fieldRequired(field, 'exactly one of url or service is required')];
  }
  if (url !== undefined) {
    return url.startsWith('https://')
      ? []
      : [
          fieldInvalid(
            `${field}.url`,
            url,
            "'https' is the only allowed URL scheme; desired format: https://host[/path]",
          ),
        ];
  }
  return [
    ...(service?.name ? [] : [fieldRequired(`${field}.service.name`, 'service name is required')]),
    ...(service?.namespace ? [] : [fieldRequired(`${field}.service.namespace`, 'service namespace is required')]),
  ];
}

function fullyQualified(name: string): string[] {
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0 || name.split('.').length >= 3) return problems;
  return ['should be a domain with at least three segments separated by dots'];
}
