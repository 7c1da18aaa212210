import type { IncomingMessage } from 'node:http';
import type { Exchange } from '../http/exchange.ts';
import type { Upgrade } from '../http/handler.ts';
import type { ApiResponse } from '../http/message.ts';
import { type Backend, callBackend, upgradeBackend } from './backend.ts';
import { splice } from './splice.ts';

/** Concern one connection only, or would hand on who the caller is to us. */
const withheld = new Set([
  'authorization',
  'connection',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

function forwardedHeaders(headers: Exchange['request']['headers']): Record<string, string | undefined> {
  const kept = Object.entries(headers).filter(
    ([name]) => !withheld.has(name) && !name.startsWith(':') && !name.startsWith('impersonate-'),
  );
  return Object.fromEntries(kept);
}

/** Sends the request on as it is and streams the answer back. */
export async function forward(backend: Backend, exchange: Exchange): Promise<ApiResponse> {
  const { request, context, services } = exchange;
  const headers = forwardedHeaders(request.headers);
  const call = { method: request.method, headers, body: request.body, signal: context.signal };
  const response = await callBackend(backend, call, services.clock);
  return { status: response.statusCode ?? 502, headers: answeredHeaders(response), body: chunksOf(response) };
}

function answeredHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !withheld.has(name)) out[name] = value;
  return out;
}

export async function* chunksOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  for await (const chunk of response) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
}

/** Asks the backend for the same upgrade; once it agrees, both connections become one. */
export async function forwardUpgrade(backend: Backend, exchange: Exchange): Promise<Upgrade> {
  const { request, context, services } = exchange;
  const headers = { ...forwardedHeaders(request.headers), connection: 'Upgrade', upgrade: request.headers.upgrade };
  const call = { method: request.method, headers, signal: context.signal };
  const { response, socket, head } = await upgradeBackend(backend, call, services.clock);
  // Nobody listens to it yet, and an error without a listener would end the process.
  socket.on('error', () => socket.destroy());
  return {
    kind: 'upgrade',
    run: (client, clientHead) => {
      client.write(switchingHead(response));
      if (head.length > 0) client.write(head);
      if (clientHead.length > 0) socket.write(clientHead);
      return splice(client, socket, services.clock, context.signal);
    },
  };
}

function switchingHead({ rawHeaders, statusMessage }: IncomingMessage): string {
  const lines = [`HTTP/1.1 101 ${statusMessage || 'Switching Protocols'}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
