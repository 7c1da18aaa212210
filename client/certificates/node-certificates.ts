import { nodesGroup, nodeUser } from '#api/certificates.ts';
import type { CertificateSubject } from './signing-request.ts';

export const nodeSubject = (nodeName: string): CertificateSubject => ({
  commonName: nodeUser(nodeName),
  organizations: [nodesGroup],
});

/** Names and addresses of a node's serving certificate. */
export const nodeHosts = (nodeName: string, addresses: readonly string[]): string[] => [
  ...new Set([nodeName, ...addresses]),
];
