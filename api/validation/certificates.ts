import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../field-error.ts';
import type { V1CertificateSigningRequest } from '../generated/types.ts';

const secondsMin = 600;

export function validateSigningRequest({ spec, status }: V1CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec?.request) errors.push(fieldRequired('spec.request'));
  else if (!/-----BEGIN CERTIFICATE REQUEST-----/.test(Buffer.from(spec.request, 'base64').toString('latin1'))) {
    errors.push(fieldInvalid('spec.request', spec.request, 'PEM block type must be CERTIFICATE REQUEST'));
  }
  if (!spec?.usages?.length) errors.push(fieldRequired('spec.usages'));
  const usages = new Set<string>();
  for (const [index, usage] of (spec?.usages ?? []).entries()) {
    if (usages.has(usage)) errors.push(fieldDuplicate(`spec.usages[${index}]`, usage));
    usages.add(usage);
  }
  const signer = spec?.signerName ?? '';
  if (signer === '') errors.push(fieldRequired('spec.signerName'));
  else if (!/^[^/]+\.[^/]+\/.+$/.test(signer)) {
    const words = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.push(fieldInvalid('spec.signerName', signer, words));
  }
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < secondsMin) {
    const words = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(fieldInvalid('spec.expirationSeconds', seconds, words));
  }
  const types = (status?.conditions ?? []).map((condition) => condition.type);
  if (types.includes('Approved') && types.includes('Denied')) {
    errors.push(fieldInvalid('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive'));
  }
  return errors;
}
