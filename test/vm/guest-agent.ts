import { connect, type Socket } from 'node:net';
import type { RunResult } from '../harness/run.ts';

/** Runs commands in a machine by its QEMU guest agent: over a wire of its own, so that a machine without network answers too. */
export interface GuestAgent {
  /** A shell command as root. Throws when the agent does not answer within the time. */
  shell(command: string, options?: { readonly input?: string; readonly timeoutMs?: number }): Promise<RunResult>;
  /** Resolves when the machine's agent answers, that is, when the machine has booted so far. */
  ready(timeoutMs: number): Promise<void>;
}

const answerMs = 20_000;
/** Asking costs the machine something: it is asked less often the longer a command runs. */
const pollFirstMs = 50;
const pollMaxMs = 1_000;

/** `socketPath` is QEMU's end of the agent's serial port. */
export function createGuestAgent(socketPath: string): GuestAgent {
  /** One call after the other: the port is one wire, and an answer does not say what it answers. */
  let last: Promise<unknown> = Promise.resolve();
  const call = (execute: string, args: object, timeoutMs = answerMs): Promise<unknown> => {
    const mine = last.then(() => callOnce(socketPath, execute, args, timeoutMs));
    last = mine.catch(() => undefined);
    return mine;
  };

  return {
    async shell(command, { input, timeoutMs = 120_000 } = {}) {
      const until = Date.now() + timeoutMs;
      const started = await call('guest-exec', {
        path: '/bin/sh',
        arg: ['-c', command],
        'capture-output': true,
        ...(input !== undefined && { 'input-data': Buffer.from(input).toString('base64') }),
      });
      const pid = field(started, 'pid');
      for (let pollMs = pollFirstMs; ; pollMs = Math.min(pollMaxMs, pollMs * 1.3)) {
        const status = await call('guest-exec-status', { pid });
        if (field(status, 'exited') === true) return resultOf(status);
        if (Date.now() > until) throw new Error(`in the machine, after ${timeoutMs} ms, still runs: ${command}`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    async ready(timeoutMs) {
      const until = Date.now() + timeoutMs;
      for (;;) {
        try {
          await call('guest-ping', {}, 1_000);
          return;
        } catch (error) {
          if (Date.now() > until) throw new Error(`the machine did not boot within ${timeoutMs} ms`, { cause: error });
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
      }
    },
  };
}

function callOnce(socketPath: string, execute: string, args: object, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const id = Math.floor(Math.random() * 1e9);
    let text = '';
    const socket: Socket = connect(socketPath);
    const timer = setTimeout(
      () => end(new Error(`the guest agent did not answer ${execute} in ${timeoutMs} ms`)),
      timeoutMs,
    );
    const end = (result: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', end);
    socket.on('close', () => end(new Error('the guest agent hung up')));
    socket.on('connect', () => {
      // What an earlier caller left unread comes first; the id tells it from our answer.
      socket.write(`${JSON.stringify({ execute: 'guest-sync', arguments: { id } })}\n`);
      socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
    let synced = false;
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const answer: unknown = JSON.parse(line.replace(/^\xff/, ''));
        if (!synced) synced = field(answer, 'return') === id;
        else if (field(answer, 'error') !== undefined) end(new Error(`guest agent: ${line}`));
        else end(field(answer, 'return'));
      }
    });
  });
}

function resultOf(status: unknown): RunResult {
  const text = (name: string): string => {
    const data = field(status, name);
    return typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '';
  };
  const code = field(status, 'exitcode');
  return { code: typeof code === 'number' ? code : null, stdout: text('out-data'), stderr: text('err-data') };
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
