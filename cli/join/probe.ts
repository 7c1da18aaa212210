import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { messageOf } from '#base/error-message.ts';
import type { ServerAddress } from './server-address.ts';

/** What a server shows to somebody who does not know it yet. */
export interface Shown {
  /** DER, the server's own certificate first. */
  readonly chain: readonly Buffer[];
  /** What it answers to GET /version; undefined when that is not what an API server of Kubernetes says. */
  readonly version: string | undefined;
}

/** Why a server could not be looked at. `code` is Node's or OpenSSL's, or one of ours. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface ProbeOptions {
  readonly signal: AbortSignal;
  /** Between two signs of life. @default 10 s */
  readonly timeoutMs?: number;
}

const answerBytesMax = 64 * 1024;
const chainMax = 8;

/** Looks without trusting: nothing secret is sent. Throws a ProbeError. */
export async function lookAt(address: ServerAddress, options: ProbeOptions): Promise<Shown> {
  const socket = await connected(address, undefined, options);
  try {
    const chain = chainOf(socket.getPeerCertificate(true));
    const answer = await request(socket, address, options).catch(() => '');
    return { chain, version: versionIn(answer) };
  } finally {
    socket.destroy();
  }
}

/** Connects as every later connection will: trusting `ca` (PEM) and nothing else. Throws a ProbeError. */
export async function verifyWith(ca: string, address: ServerAddress, options: ProbeOptions): Promise<void> {
  const socket = await connected(address, ca, options);
  socket.destroy();
}

export const fingerprint = (der: Buffer): string => createHash('sha256').update(der).digest('hex');

export const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;

function connected(
  { host, port }: ServerAddress,
  ca: string | undefined,
  { signal, timeoutMs = 10_000 }: ProbeOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let tcp = false;
    const socket = connect({
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: ca !== undefined,
      ...(ca !== undefined && { ca }),
      ...(!isIP(host) && { servername: host }),
    });
    const fail = (error: ProbeError): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new ProbeError('ABORTED', messageOf(signal.reason), signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(timeoutMs, () => fail(new ProbeError(tcp ? 'SILENT' : 'ETIMEDOUT', 'no answer in time')));
    socket.once('connect', () => {
      tcp = true;
    });
    socket.on('error', (error) => fail(new ProbeError(codeOf(error, tcp), messageOf(error), error)));
    socket.once('close', () => fail(new ProbeError('NO_TLS', 'the connection was closed')));
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('close');
      resolve(socket);
    });
  });
}

/** Whatever breaks between the first byte and the end of the handshake, and is not about certificates, is no TLS. */
function codeOf(error: Error, tcp: boolean): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  return tcp && /^(ERR_SSL_|EPROTO|ECONNRESET|EPIPE)/.test(code) ? 'NO_TLS' : code;
}

/** The server sends the chain; Node links each certificate to its issuer, and a self-signed one to itself. */
function chainOf(leaf: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let current: DetailedPeerCertificate | undefined = leaf;
  while (current?.raw && chain.length < chainMax && !chain.some((one) => current?.raw.equals(one))) {
    chain.push(current.raw);
    current = current.issuerCertificate;
  }
  return chain;
}

function request(socket: TLSSocket, { text }: ServerAddress, { timeoutMs = 10_000 }: ProbeOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.setTimeout(timeoutMs, () => reject(new ProbeError('SILENT', 'no answer in time')));
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      answer += part;
      if (answer.length > answerBytesMax) reject(new ProbeError('TOO_LONG', 'the answer has no end'));
    });
    socket.on('error', reject);
    socket.once('end', () => resolve(answer));
    socket.once('close', () => resolve(answer));
    socket.write(`GET /version HTTP/1.1\r\nHost: ${text}\r\nAccept: application/json\r\nConnection: close\r\n\r\n`);
  });
}

/** From the raw answer: `v1.36.0+berth0.1.0`. An API server that tells strangers nothing is known by the form of its refusal. */
export function versionIn(answer: string): string | undefined {
  const start = answer.indexOf('{');
  const end = answer.lastIndexOf('}');
  if (!answer.startsWith('HTTP/1.') || start < 0 || end < start) return undefined;
  const value = parsed(answer.slice(start, end + 1));
  const text = (name: string): string | undefined => {
    const found: unknown = value && Reflect.get(value, name);
    return typeof found === 'string' ? found : undefined;
  };
  return text('gitVersion') ?? (text('kind') === 'Status' && text('apiVersion') === 'v1' ? 'unknown' : undefined);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
