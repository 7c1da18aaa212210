import { request } from 'node:http';
import type { Clock } from '#base/clock.ts';
import { createSpdySession, type SpdySession } from './session.ts';

export interface SpdyConnectOptions {
  /** Of the runtime's streaming server, `http:`. */
  readonly url: string;
  /** Offered in X-Stream-Protocol-Version, best first. */
  readonly protocols: readonly string[];
  readonly clock: Clock;
}

const connectTimeoutMs = 30_000;
const answerBytesMax = 16 * 1024;

/** Upgrades a connection to the runtime's streaming server. Rejects with what the server says when it does not want to. */
export function connectSpdy({ url, protocols, clock }: SpdyConnectOptions): Promise<SpdySession> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] };
    const call = request(url, { method: 'POST', headers });
    const timer = clock.setTimer(connectTimeoutMs, () => call.destroy(new Error('the runtime does not answer')));
    call.once('error', (error) => {
      timer.cancel();
      reject(error);
    });
    call.once('upgrade', (_response, socket, head) => {
      timer.cancel();
      resolve(createSpdySession(socket, head));
    });
    call.once('response', (response) => {
      timer.cancel();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < answerBytesMax) text += chunk;
      });
      response.once('error', reject);
      response.once('end', () =>
        reject(new Error(`the runtime refused the stream (${response.statusCode}): ${text.trim()}`)),
      );
    });
    call.end();
  });
}
