import type { V1CertificateSigningRequest } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const certificateSigningRequests = resourceType<V1CertificateSigningRequest>(
  'certificates.k8s.io',
  'v1',
  'certificatesigningrequests',
  'CertificateSigningRequest',
  { shortNames: ['csr'], namespaced: false },
);
