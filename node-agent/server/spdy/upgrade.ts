import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/clock.ts';
import { httpRequest } from '#base/node-http.ts';

export interface UpgradeOptions {
  /** Of the runtime's streaming server, `http:`. */
  readonly url: string;
  /** Offered in X-Stream-Protocol-Version, best first. */
  readonly protocols: readonly string[];
  readonly clock: Clock;
}

export interface UpgradedConnection {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  /** What came with the answer. */
  readonly head: Buffer;
}

/** The runtime's streaming server answered, but does not want to stream. */
export class UpgradeRefusedError extends Error {
  override readonly name = 'UpgradeRefusedError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const connectTimeoutMs = 30_000;
const answerBytesMax = 16 * 1024;

/** Upgrades a connection to the runtime's streaming server to SPDY. Rejects with an UpgradeRefusedError or the connection's error. */
export function upgradeToSpdy({ url, protocols, clock }: UpgradeOptions): Promise<UpgradedConnection> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': [...protocols] };
    const call = httpRequest(url, { method: 'POST', headers });
    const timer = clock.setTimer(connectTimeoutMs, () => call.destroy(new Error('the runtime does not answer')));
    call.once('error', (error) => {
      timer.cancel();
      reject(error);
    });
    call.once('upgrade', (response, socket, head) => {
      timer.cancel();
      resolve({ response, socket, head });
    });
    call.once('response', (response) => {
      timer.cancel();
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < answerBytesMax) text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => reject(new UpgradeRefusedError(response.statusCode ?? 502, text.trim())));
    });
    call.end();
  });
}
