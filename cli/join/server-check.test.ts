import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KeyPair } from '#host/key-pair.ts';
import { createAuthority, issueCertificate } from '#host/pki.ts';
import { createTestCertificates, type TestCertificates } from '#test/harness/certs.ts';
import { CliError } from '../command.ts';
import { fingerprint, ProbeError, versionIn } from './probe.ts';
import { parseServerAddress } from './server-address.ts';
import { checkServer, unreachable, unverified } from './server-check.ts';

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await createTestCertificates();
});
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const hashOf = (pem: string): string => fingerprint(new X509Certificate(pem).raw);
const version = { gitVersion: 'v1.36.0+berth0.1.0' };

async function at(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

/** Says `answer` to everything, and keeps what it was sent. */
async function httpsServer(pair: KeyPair, answer: unknown = version): Promise<{ text: string; heard: string[] }> {
  const heard: string[] = [];
  const server = createHttpsServer(pair, (request, response) => {
    heard.push(`${request.url} ${request.headers.authorization ?? '-'}`);
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  server.on('tlsClientError', () => {});
  return { text: await at(server), heard };
}

const check = (text: string, caHash: string, timeoutMs = 500) =>
  checkServer(parseServerAddress(text), caHash, { signal: new AbortController().signal, timeoutMs });

async function refusal(text: string, caHash: string): Promise<{ message: string; fix: string }> {
  const error = await check(text, caHash).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CliError)) throw new Error(`expected a CliError, but got ${error}`);
  return { message: error.message, fix: error.fix ?? '' };
}

const withChain = (leaf: KeyPair, ...authorities: readonly string[]): KeyPair => ({
  key: leaf.key,
  cert: [leaf.cert, ...authorities].map((one) => one.trim()).join('\n'),
});

describe('checkServer', () => {
  it('takes the authority that the token names from the chain', async () => {
    const { ca, server } = certificates;
    const { text, heard } = await httpsServer(withChain(server, ca.cert));
    const checked = await check(text, hashOf(ca.cert));
    expect(new X509Certificate(checked.ca).raw).toEqual(new X509Certificate(ca.cert).raw);
    expect(checked.version).toBe(version.gitVersion);
    expect(heard).toEqual(['/version -']);
  });

  it('takes it from a server that tells strangers nothing', async () => {
    const { ca, server } = certificates;
    const unauthorized = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 401 };
    const { text } = await httpsServer(withChain(server, ca.cert), unauthorized);
    expect((await check(text, hashOf(ca.cert))).version).toBe('unknown');
  });

  it('refuses a wrong hash, before it has said anything secret', async () => {
    const { ca, server } = certificates;
    const { text, heard } = await httpsServer(withChain(server, ca.cert));
    const { message, fix } = await refusal(text, 'ab'.repeat(32));
    expect(message).toContain('is not the server that this token is of');
    expect(fix).toContain('berth token create');
    expect(heard).toEqual(['/version -']);
  });

  it('refuses a server that shows its own certificate only', async () => {
    const { text } = await httpsServer(certificates.server);
    expect((await refusal(text, hashOf(certificates.ca.cert))).message).toContain('is not the server');
  });

  it('refuses an impostor that shows the right authority beside a certificate of its own', async () => {
    const nowMs = Date.now();
    const { ca } = certificates;
    const other = await createAuthority('test-ca', 2, nowMs);
    const own = await issueCertificate(other, { commonName: 'x', hosts: ['127.0.0.1'], days: 2 }, nowMs);
    const { text, heard } = await httpsServer(withChain(own, ca.cert));
    const { message } = await refusal(text, hashOf(ca.cert));
    expect(message).toMatch(/is not the server that this token is of|is not from there/);
    expect(heard.every((one) => one.endsWith(' -'))).toBe(true);
  });

  it('refuses a self-signed certificate', async () => {
    const own = await createAuthority('127.0.0.1', 2, Date.now());
    const { text } = await httpsServer(own);
    expect((await refusal(text, hashOf(certificates.ca.cert))).message).toContain('is not the server');
  });

  it('refuses a certificate for another address, and says which it is for', async () => {
    const { ca } = certificates;
    const { text } = await httpsServer(withChain(await certificates.serving(['192.0.2.99']), ca.cert));
    const { message, fix } = await refusal(text, hashOf(ca.cert));
    expect(message).toContain('certificate is not for 127.0.0.1, but for IP Address:192.0.2.99');
    expect(fix).toContain('berth up --api-name 127.0.0.1');
  });

  it.each([
    [-400, -300, 'has expired'],
    [300, 400, 'is not valid before'],
  ])('names the clocks when the time is wrong (%i days)', async (from, to, words) => {
    const dayMs = 86_400_000;
    const ca = await createAuthority('ca', 2000, Date.now() - 1000 * dayMs);
    const request = { commonName: 'x', hosts: ['127.0.0.1'], days: to - from };
    const leaf = await issueCertificate(ca, request, Date.now() + from * dayMs);
    const { text } = await httpsServer(withChain(leaf, ca.cert));
    const { message, fix } = await refusal(text, hashOf(ca.cert));
    expect(message).toContain(words);
    expect(fix).toContain('clocks');
  });

  it.each([
    ['a page', '<html>It works!</html>'],
    ['other JSON', { hello: 'world' }],
    ['nothing', ''],
  ])('says that a web server which answers with %s is none of ours', async (_, answer) => {
    const { ca, server } = certificates;
    const { text } = await httpsServer(withChain(server, ca.cert), answer);
    const { message, fix } = await refusal(text, hashOf(ca.cert));
    expect(message).toContain('is not a Berth server');
    expect(fix).toContain('berth status');
  });

  it('says that a server without TLS is none of ours', async () => {
    const text = await at(createHttpServer((_, response) => response.end('hello')));
    expect((await refusal(text, 'ab'.repeat(32))).message).toContain('not with TLS');
  });

  it('says so of one that greets first, as SSH does', async () => {
    const text = await at(createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n')));
    expect((await refusal(text, 'ab'.repeat(32))).message).toContain('not with TLS');
  });

  it('says so of one that hangs up', async () => {
    const text = await at(createServer((socket) => socket.on('error', () => {}).destroy()));
    expect((await refusal(text, 'ab'.repeat(32))).message).toContain('not with TLS');
  });

  it('does not wait for ever for one that is silent', async () => {
    const sockets: { destroy(): unknown }[] = [];
    const text = await at(createServer((socket) => sockets.push(socket.on('error', () => {}))));
    expect((await refusal(text, 'ab'.repeat(32))).message).toContain('takes connections but says nothing');
    for (const socket of sockets) socket.destroy();
  });

  it('says that nothing listens', async () => {
    const server = createServer();
    const text = await at(server);
    server.close();
    const { message, fix } = await refusal(text, 'ab'.repeat(32));
    expect(message).toBe(`nothing listens at ${text}`);
    expect(fix).toContain('berth status');
  });

  it('says that a name is unknown', async () => {
    const { message, fix } = await refusal('no-such-host.invalid:6443', 'ab'.repeat(32));
    expect(message).toContain('the name no-such-host.invalid cannot be resolved');
    expect(fix).toContain('IP address');
  });

  it('ends when it is interrupted', async () => {
    const text = await at(createServer((socket) => void socket.on('error', () => {})));
    const signal = AbortSignal.timeout(50);
    const options = { signal, timeoutMs: 10_000 };
    await expect(checkServer(parseServerAddress(text), 'ab'.repeat(32), options)).rejects.toThrow();
  });
});

describe('every way in which a server cannot be reached or trusted', () => {
  const address = parseServerAddress('192.0.2.1:6443');
  it.each([
    ['ETIMEDOUT', 'allow TCP port 6443'],
    ['EHOSTUNREACH', 'ip route get 192.0.2.1'],
    ['ENETUNREACH', 'ip route get 192.0.2.1'],
    ['EAI_AGAIN', 'resolve'],
    ['SOMETHING', 'berth status'],
  ])('%s has a fix', (code, fix) => {
    expect(unreachable(address, new ProbeError(code, 'words')).fix).toContain(fix);
  });
  it.each(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SOMETHING'])('%s: nothing was sent', (code) => {
    expect(unverified(address, new ProbeError(code, 'words')).fix).toContain('Nothing was sent');
  });
});

describe('versionIn', () => {
  const answer = (body: string, head = 'HTTP/1.1 200 OK\r\n\r\n') => versionIn(`${head}${body}`);
  it('reads chunked answers too', () => expect(answer('1c\r\n{"gitVersion":"v1.36.0"}\r\n0\r\n\r\n')).toBe('v1.36.0'));
  it.each(['', '{', '[]', 'null', '{"gitVersion":5}', '{"kind":"Status"}', '}{'])('%j is none', (body) => {
    expect(answer(body)).toBeUndefined();
  });
  it('is none where the server speaks something else', () => {
    expect(answer('{"gitVersion":"v1"}', 'SSH-2.0 ')).toBeUndefined();
  });
});
