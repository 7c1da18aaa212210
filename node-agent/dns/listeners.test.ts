import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createRealClock } from '#base/real/clock.ts';
import { frame } from './frames.ts';
import type { HandleMessage } from './handler.ts';
import { listenTcp } from './tcp-listener.ts';
import { type Listener, listenUdp } from './udp-listener.ts';

const message = Buffer.alloc(12);
const closing: (() => unknown)[] = [];
const signal = new AbortController().signal;
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const opened = (listener: Listener): Listener => {
  closing.push(() => listener.close());
  return listener;
};

describe('a client by TCP', () => {
  it('that sends thousands of questions at once lets others have their turn, and gets every answer', async () => {
    const count = 5_000;
    let handled = 0;
    let most = 0;
    let atTurn = 0;
    const handle: HandleMessage = (question) => {
      handled += 1;
      most = Math.max(most, handled - atTurn);
      return question;
    };
    let watching = true;
    const turn = (): void => {
      atTurn = handled;
      if (watching) setImmediate(turn);
    };
    turn();
    closing.push(() => {
      watching = false;
    });
    const { port } = opened(await listenTcp('127.0.0.1', 0, handle, createRealClock(), signal));
    const client = connect(port, '127.0.0.1');
    closing.push(() => client.destroy());
    let bytes = 0;
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject);
      client.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes === count * frame(message).length) resolve();
      });
      client.write(Buffer.concat(Array.from({ length: count }, () => frame(message))));
    });
    expect(handled).toBe(count);
    expect(most).toBeLessThanOrEqual(64);
  });
});

describe('a client by UDP', () => {
  it('whose questions wait for other servers leaves room for those of others', async () => {
    const waiting: ((answer: Buffer) => void)[] = [];
    const handle: HandleMessage = () => new Promise((resolve) => waiting.push(resolve));
    const { port } = opened(await listenUdp('127.0.0.1', 0, handle, signal));
    /** Sends questions one after the other until one is refused at once; returns how many were not. */
    const flood = async (address: string): Promise<number> => {
      const socket = createSocket('udp4');
      closing.push(() => socket.close());
      await new Promise<void>((resolve) => socket.bind(0, address, resolve));
      let refused = false;
      socket.on('message', () => {
        refused = true;
      });
      const before = waiting.length;
      for (let sent = 0; sent < 3_000 && !refused; sent += 1) {
        const seen = waiting.length;
        socket.send(message, port, '127.0.0.1');
        while (waiting.length === seen && !refused) await new Promise((resolve) => setImmediate(resolve));
      }
      return waiting.length - before;
    };
    const first = await flood('127.0.0.2');
    expect(first).toBeGreaterThanOrEqual(100);
    expect(await flood('127.0.0.3')).toBe(first);
    for (const answer of waiting) answer(message);
    // Those that were answered count no more.
    await new Promise((resolve) => setImmediate(resolve));
    expect(await flood('127.0.0.2')).toBe(first);
  });
});
