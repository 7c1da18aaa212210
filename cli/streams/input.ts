/** Chunks held for a slow reader before the source is told to wait. */
const heldMax = 16;

/**
 * Standard input as something to pull from, that can be left at any time: a read that is under way then ends at once and
 * the stream is paused, so that it does not keep the process alive. (Node's own iterator waits for the next key.)
 */
export function readInput(stream: NodeJS.ReadableStream): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => createReader(stream) };
}

function createReader(stream: NodeJS.ReadableStream): AsyncIterator<Buffer> {
  const held: Buffer[] = [];
  let ended = false;
  let failure: unknown;
  let wake = (): void => {};
  const onData = (chunk: Buffer | string): void => {
    held.push(Buffer.from(chunk));
    if (held.length >= heldMax) stream.pause();
    wake();
  };
  const finish = (error?: unknown): void => {
    ended = true;
    failure = error;
    stream.off('data', onData).off('end', finish).off('error', finish);
    wake();
  };
  stream.on('data', onData).once('end', finish).once('error', finish);
  return {
    async next() {
      for (;;) {
        const chunk = held.shift();
        if (chunk) {
          if (held.length === 0 && !ended && stream.isPaused()) stream.resume();
          return { done: false, value: chunk };
        }
        if (failure !== undefined) throw failure;
        if (ended) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async return() {
      held.length = 0;
      stream.pause();
      finish();
      return { done: true, value: undefined };
    },
  };
}
