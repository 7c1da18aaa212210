/** A control plane that certifies nodes, with what tests need to join and to try what an identity may do. */
import {
  bootstrapTokenPrefix,
  bootstrapTokenType,
  clientKubeletSigner,
  kubeletServingSigner,
} from '#api/certificates.ts';
import type { JoinToken } from '#api/join-token.ts';
import { secrets } from '#api/kinds.ts';
import { createRealClock } from '#base/real/clock.ts';
import type { KeyPairPem } from '#client/certificates/key-pair.ts';
import { nodeHosts, nodeSubject } from '#client/certificates/node-certificates.ts';
import { obtainCertificate } from '#client/certificates/obtain.ts';
import { createHttpClient, type HttpClient } from '#client/http-client.ts';
import type { ControlPlaneOptions } from '#control-plane/server.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { createTestCertificates } from './certs.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';

export interface TestJoining extends TestControlPlane {
  /** Writes a join token; `ends` is when it ends, in milliseconds since the epoch. */
  token(change?: { readonly ends?: number; readonly data?: Readonly<Record<string, string>> }): Promise<TestToken>;
  join(nodeName: string, addresses?: readonly string[]): Promise<NodeCertificates>;
  /** Closed by `stop`. */
  clientOf(pair: KeyPair | { readonly token: string } | undefined): HttpClient;
}

/** What a machine has once it has joined. */
export interface NodeCertificates {
  readonly client: KeyPairPem;
  readonly serving: KeyPairPem;
}

export type TestToken = Pick<JoinToken, 'id' | 'secret'> & { readonly bearer: string };

export interface JoiningOptions {
  /** Lifetime of the certificates; fractions are fine. */
  readonly days?: number;
  readonly plane?: Partial<ControlPlaneOptions>;
}

export async function startJoining({ days = 1, plane: more = {} }: JoiningOptions = {}): Promise<TestJoining> {
  const certs = await createTestCertificates();
  const { ca, server } = certs;
  const signing = { caCert: ca.cert, caKey: ca.key, days, serverCert: server.cert };
  const started = await startControlPlane({ controllers: { signing }, ...more }, certs);
  const { plane } = started;
  const clock = createRealClock();
  const clients: HttpClient[] = [];
  let tokens = 0;

  const token: TestJoining['token'] = async ({ ends, data = {} } = {}) => {
    tokens += 1;
    const id = `t${String(tokens).padStart(5, '0')}`;
    const secret = `secret${String(tokens).padStart(10, '0')}`;
    const fields = {
      'token-id': id,
      'token-secret': secret,
      'usage-bootstrap-authentication': 'true',
      ...(ends !== undefined && { expiration: new Date(ends).toISOString() }),
      ...data,
    };
    await plane.client.create(secrets, {
      metadata: { namespace: 'kube-system', name: `${bootstrapTokenPrefix}${id}` },
      type: bootstrapTokenType,
      data: Object.fromEntries(
        Object.entries(fields).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
      ),
    });
    return { id, secret, bearer: `${id}.${secret}` };
  };

  const clientOf: TestJoining['clientOf'] = (pair) => {
    const who = pair && ('token' in pair ? pair : { clientCert: pair.cert, clientKey: pair.key });
    const client = createHttpClient({ server: plane.url, ca: ca.cert, ...who });
    clients.push(client);
    return client;
  };

  return {
    ...started,
    token,
    async join(nodeName, addresses = []) {
      const shared = { clock, subject: nodeSubject(nodeName), timeoutMs: 20_000 };
      const joining = clientOf({ token: (await token()).bearer });
      const client = await obtainCertificate({ ...shared, client: joining, signer: clientKubeletSigner });
      const hosts = nodeHosts(nodeName, addresses);
      const own = { ...shared, client: clientOf(client), signer: kubeletServingSigner };
      return { client, serving: await obtainCertificate({ ...own, hosts }) };
    },
    clientOf,
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await started.stop();
    },
  };
}
