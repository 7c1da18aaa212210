import type { Readable } from 'node:stream';

/**
 * The chunks of a request's body. Lighter than the stream's own iterator, and stopping early leaves the stream as it is: the
 * answer must still be sent on the same connection. Throws when the client breaks off.
 */
export function chunksOf(stream: Readable): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => iterate(stream) };
}

async function* iterate(stream: Readable): AsyncGenerator<Buffer, undefined> {
  let wake: (() => void) | undefined;
  let failure: Error | undefined;
  const onEvent = () => wake?.();
  const onError = (error: Error) => {
    failure ??= error;
    onEvent();
  };
  stream.on('readable', onEvent).on('end', onEvent).on('close', onEvent).on('error', onError);
  try {
    for (;;) {
      const chunk: unknown = stream.read();
      if (Buffer.isBuffer(chunk)) yield chunk;
      else if (failure) throw failure;
      else if (stream.readableEnded) return;
      else if (stream.destroyed) throw new Error('the stream was closed before its end');
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stream.off('readable', onEvent).off('end', onEvent).off('close', onEvent).off('error', onError);
  }
}
