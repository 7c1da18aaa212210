import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { createFrameReader, frame } from './frames.ts';
import { flags, headerBytes, type Question, readQuestion, readRecords } from './wire.ts';

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** One question to one server. Rejects when there is no valid answer in time. */
export type Exchange = (request: Buffer, server: DnsServer, signal: AbortSignal) => Promise<Buffer>;

export interface ExchangeOptions {
  readonly clock: Clock;
  /** For one try by UDP, and again for one by TCP. */
  readonly timeoutMs: number;
}

/** By UDP from a port that the kernel picks anew for each question; by TCP when the answer did not fit. */
export function createExchange({ clock, timeoutMs }: ExchangeOptions): Exchange {
  return async (request, server, signal) => {
    const answer = await limited(clock, timeoutMs, signal, (own) => byUdp(request, server, own));
    if ((answer.readUInt16BE(2) & flags.truncated) === 0) return answer;
    return limited(clock, timeoutMs, signal, (own) => byTcp(request, server, own));
  };
}

async function limited<T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  const timer = clock.setTimer(timeoutMs, () => controller.abort(new Error(`no answer in ${timeoutMs} ms`)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await work(controller.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

const byUdp = (request: Buffer, { address, port }: DnsServer, signal: AbortSignal): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      // A late error of a socket that is going must not end the process.
      socket.on('error', () => undefined);
      socket.close();
      settle();
    };
    const onAbort = (): void => end(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (message) => {
      // What does not belong to the question is from somebody who guesses: the right answer may still come.
      if (answers(message, request)) end(() => resolve(message));
    });
    // Connected, so that the kernel drops packets of others and tells of a port that nobody listens on.
    socket.connect(port, address, () => socket.send(request, (error) => error && end(() => reject(error))));
  });

const byTcp = (request: Buffer, { address, port }: DnsServer, signal: AbortSignal): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connect({ host: address, port });
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = (): void => end(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
    const read = createFrameReader();
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('close', () => end(() => reject(new Error('the server closed the connection'))));
    socket.on('connect', () => socket.write(frame(request)));
    socket.on('data', (chunk: Buffer) => {
      const [message] = read(chunk);
      if (!message) return;
      if (answers(message, request)) end(() => resolve(message));
      else end(() => reject(new Error('the server answered something else')));
    });
  });

/** Whether `message` is a well-formed answer to `request`. */
export function answers(message: Buffer, request: Buffer): boolean {
  if (message.length < headerBytes || message.readUInt16BE(0) !== request.readUInt16BE(0)) return false;
  if ((message.readUInt16BE(2) & flags.response) === 0 || message.readUInt16BE(4) !== 1) return false;
  try {
    const question = readQuestion(message);
    if (!sameQuestion(question, readQuestion(request))) return false;
    // A truncated one may end anywhere; it is asked for again.
    if ((message.readUInt16BE(2) & flags.truncated) === 0) readRecords(message, headerBytes + question.raw.length);
    return true;
  } catch {
    return false;
  }
}

const sameQuestion = (a: Question, b: Question): boolean =>
  a.type === b.type &&
  a.class === b.class &&
  a.labels.length === b.labels.length &&
  a.labels.every((label, index) => label === b.labels[index]);
