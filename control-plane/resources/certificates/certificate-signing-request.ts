import { formatAge } from '#api/duration.ts';
import type { V1CertificateSigningRequest } from '#api/generated/types.ts';
import { certificateSigningRequests } from '#api/kinds.ts';
import type { Strategy } from '#api/strategy.ts';
import { validateSigningRequest } from '#api/validation/certificates.ts';
import { semanticallyEqual } from '#api/validation/equal.ts';
import { ageColumn, column, nameColumn, none } from '../columns.ts';
import { defineResource } from '../define.ts';
import { objectSubresource, statusSubresource } from '../subresources.ts';

const decisions = ['Approved', 'Denied'];

/** The request is fixed; /approval writes the decisions, /status the certificate and the other conditions. */
const strategy: Strategy<V1CertificateSigningRequest> = {
  nameRule: 'path-segment',
  prepareForCreate(request) {
    request.status = {};
  },
  prepareForUpdate(request, old, { subresource }) {
    if (!semanticallyEqual(request.spec, old.spec)) request.spec = old.spec;
    if (subresource === 'approval') {
      request.status = { ...old.status, conditions: request.status?.conditions };
    } else if (subresource === 'status') {
      const kept = (old.status?.conditions ?? []).filter((condition) => decisions.includes(condition.type));
      const others = (request.status?.conditions ?? []).filter((condition) => !decisions.includes(condition.type));
      request.status = { ...request.status, conditions: [...kept, ...others] };
    } else request.status = old.status;
  },
  validate: validateSigningRequest,
  selectableFields: { 'spec.signerName': (request) => request.spec?.signerName ?? '' },
};

function conditionOf({ status }: V1CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map((condition) => condition.type);
  const decision = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return `${decision}${failed}${status?.certificate ? ',Issued' : ''}`;
}

export const certificateSigningRequestResource = defineResource<V1CertificateSigningRequest>({
  type: certificateSigningRequests,
  strategy,
  subresources: [objectSubresource('approval'), statusSubresource],
  columns: [
    nameColumn(),
    ageColumn(),
    column('SignerName', (request) => request.spec?.signerName || none),
    column('Requestor', (request) => request.spec?.username ?? ''),
    column('RequestedDuration', ({ spec }) =>
      spec?.expirationSeconds === undefined ? none : formatAge(spec.expirationSeconds * 1000),
    ),
    column('Condition', conditionOf),
  ],
});
