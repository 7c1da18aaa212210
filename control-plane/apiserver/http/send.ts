import type { ApiResponse } from './message.ts';

/** What HTTP/1.1's and HTTP/2's answers have in common, as far as it is needed. */
export interface Outgoing {
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  flushHeaders(): void;
  /** False: wait for `drain`. */
  write(chunk: Buffer): boolean;
  end(chunk?: Buffer): unknown;
  once(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/**
 * Writes an answer; a stream is pulled no faster than the client reads. Resolves when all has been handed over, or when
 * `gone` aborts.
 */
export async function sendResponse(
  outgoing: Outgoing,
  { status, headers, body }: ApiResponse,
  gone: AbortSignal,
  endConnection: boolean,
): Promise<void> {
  const isWhole = body === undefined || Buffer.isBuffer(body);
  if (gone.aborted) {
    if (!isWhole) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) fields[name] = typeof value === 'string' ? value : [...value];
  if (endConnection) fields.connection = 'close';
  if (isWhole) {
    fields['content-length'] ??= String(body?.length ?? 0);
    outgoing.writeHead(status, fields);
    if (body) outgoing.end(body);
    else outgoing.end();
    return;
  }
  outgoing.writeHead(status, fields);
  // A watcher waits for the head, and the first event may be long in coming.
  outgoing.flushHeaders();
  for await (const chunk of body) {
    if (gone.aborted) return;
    if (!outgoing.write(chunk)) await drained(outgoing, gone);
  }
  outgoing.end();
}

function drained(outgoing: Outgoing, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off('drain', settle);
      gone.removeEventListener('abort', settle);
      resolve();
    };
    outgoing.once('drain', settle);
    gone.addEventListener('abort', settle, { once: true });
    if (gone.aborted) settle();
  });
}
