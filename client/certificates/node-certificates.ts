import { clientKubeletSigner, kubeletServingSigner, nodesGroup, nodeUser } from '#api/certificates.ts';
import { bearerOf, type JoinToken } from '#api/join-token.ts';
import type { Clock } from '#base/clock.ts';
import { createHttpClient } from '../http-client.ts';
import type { KeyPairPem } from './key-pair.ts';
import { obtainCertificate } from './obtain.ts';
import type { CertificateSubject } from './signing-request.ts';

export interface NodeCertificates {
  /** Who the node is to the API server. */
  readonly client: KeyPairPem;
  /** What its agent's server shows. */
  readonly serving: KeyPairPem;
}

export interface RequestNodeCertificatesOptions {
  /** `https://host:port`. */
  readonly server: string;
  /** PEM of the cluster's authority. */
  readonly ca: string;
  readonly token: Pick<JoinToken, 'id' | 'secret'>;
  readonly nodeName: string;
  /** The machine's addresses, by which the server will reach the agent; its name is added. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  /** For each of the two. @default 60 s */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const nodeSubject = (nodeName: string): CertificateSubject => ({
  commonName: nodeUser(nodeName),
  organizations: [nodesGroup],
});

/** Names and addresses of a node's serving certificate. */
export const nodeHosts = (nodeName: string, addresses: readonly string[]): string[] => [
  ...new Set([nodeName, ...addresses]),
];

/**
 * The two certificates of a machine that joins: the client's by its token, the serving one as the node that it then is.
 * Throws a CertificateError with the cluster's own words when it refuses, or a StatusError (401: the token is not valid).
 */
export async function requestNodeCertificates(options: RequestNodeCertificatesOptions): Promise<NodeCertificates> {
  const { server, ca, token, nodeName, addresses, clock, timeoutMs, signal } = options;
  const shared = { subject: nodeSubject(nodeName), clock, timeoutMs, signal };
  const joining = createHttpClient({ server, ca, token: bearerOf(token) });
  let client: KeyPairPem;
  try {
    client = await obtainCertificate({ ...shared, client: joining, signer: clientKubeletSigner });
  } finally {
    await joining.close();
  }
  const node = createHttpClient({ server, ca, clientCert: client.cert, clientKey: client.key });
  try {
    const hosts = nodeHosts(nodeName, addresses);
    return {
      client,
      serving: await obtainCertificate({ ...shared, client: node, signer: kubeletServingSigner, hosts }),
    };
  } finally {
    await node.close();
  }
}
