import { clientKubeletSigner, kubeletServingSigner } from '#api/certificates.ts';
import type { V1Node } from '#api/generated/types.ts';
import { bearerOf, type JoinToken } from '#api/join-token.ts';
import { nodes } from '#api/kinds.ts';
import { nodeHosts, nodeSubject } from '#client/certificates/node-certificates.ts';
import { obtainCertificate } from '#client/certificates/obtain.ts';
import { createHttpClient } from '#client/http-client.ts';
import type { CliContext } from '../command.ts';
import type { NodeKeys } from './node-access.ts';

export interface IdentityOptions {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly token: JoinToken;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly context: CliContext;
  /** May throw: the machine cannot be beside these nodes. */
  readonly checkNodes: (all: readonly V1Node[]) => void;
}

/**
 * The certificates of this machine's node: the client's by the token, then, once the other nodes were looked at, the
 * serving one as the node that it then is. Nothing is written on the machine. `isNew`: the cluster has no such Node yet.
 */
export async function obtainIdentity(options: IdentityOptions): Promise<{ keys: NodeKeys; isNew: boolean }> {
  const { server, ca, token, nodeName, nodeAddress, context } = options;
  const { clock, signal } = context;
  const subject = nodeSubject(nodeName);
  const joining = createHttpClient({ server, ca, token: bearerOf(token) });
  const client = await obtainCertificate({
    client: joining,
    clock,
    signal,
    subject,
    signer: clientKubeletSigner,
  }).finally(() => joining.close());
  const node = createHttpClient({ server, ca, clientCert: client.cert, clientKey: client.key });
  try {
    const { items } = await node.list(nodes, { signal });
    options.checkNodes(items);
    const serving = await obtainCertificate({
      client: node,
      clock,
      signal,
      subject,
      signer: kubeletServingSigner,
      hosts: nodeHosts(nodeName, [nodeAddress]),
    });
    return { keys: { ca, client, serving }, isNew: !items.some((one) => one.metadata.name === nodeName) };
  } finally {
    await node.close();
  }
}
