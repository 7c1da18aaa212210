/** A real API server on a memory store: real HTTPS, any free port, certificates made in memory. */
import { Agent, request } from 'undici';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createRealRandom } from '#base/real/random.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from '#control-plane/apiserver/api-server.ts';
import { createAuthorizer } from '#control-plane/apiserver/auth/authorizer.ts';
import { type ApiCore, createApiCore } from '#control-plane/apiserver/core.ts';
import { builtInDefinitions } from '#control-plane/resources/all.ts';
import { createMemoryStore } from '#control-plane/store/memory.ts';
import type { KeyPair } from '#host/key-pair.ts';
import { createTestCertificates, type TestCertificates } from './certs.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json(): unknown;
}

export interface AskOptions {
  readonly headers?: Record<string, string> | undefined;
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown;
  /** Default: the administrator's. `null`: none. */
  readonly as?: KeyPair | null | undefined;
}

export interface TestApiServer {
  readonly url: string;
  readonly port: number;
  readonly certs: TestCertificates;
  readonly core: ApiCore;
  readonly server: ApiServer;
  /** One request over HTTP/1.1. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  stop(): Promise<void>;
}

/** Has the namespace `default`. */
export async function startApiServer(options: Partial<ApiServerOptions> = {}): Promise<TestApiServer> {
  const clock = createRealClock();
  const random = createRealRandom();
  const log = createSilentLog();
  const store = createMemoryStore({ clock });
  const certs = await createTestCertificates();
  const authorizer = createAuthorizer();
  const core = createApiCore({ store, definitions: builtInDefinitions(), clock, random, log, authorizer });
  const running = new AbortController();
  await core.start(running.signal);
  const server = createApiServer({
    core,
    clock,
    random,
    log,
    authorizer,
    tls: { certificate: certs.server.cert, key: certs.server.key },
    clientCa: certs.ca.cert,
    listen: { host: '127.0.0.1', port: 0 },
    ...options,
  });
  const { port } = await server.listen();
  const url = `https://127.0.0.1:${port}`;
  const agents = new Map<KeyPair | null, Agent>();
  const agentOf = (pair: KeyPair | null): Agent => {
    let agent = agents.get(pair);
    if (!agent) {
      agent = new Agent({ connect: { ca: certs.ca.cert, ...(pair && { cert: pair.cert, key: pair.key }) } });
      agents.set(pair, agent);
    }
    return agent;
  };

  const ask = async (
    method: string,
    path: string,
    { headers, body, as = certs.admin }: AskOptions = {},
  ): Promise<Answer> => {
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const response = await request(`${url}${path}`, {
      method,
      headers: { ...(body !== undefined && !isText && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : isText ? body : JSON.stringify(body),
      dispatcher: agentOf(as),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) };
  };

  const made = await ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  if (made.status !== 201) throw new Error(`the test server does not work: ${made.text}`);
  return {
    url,
    port,
    certs,
    core,
    server,
    ask,
    async stop() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      await server.close(0);
      running.abort();
      await core.stopped();
      await store.close();
    },
  };
}
