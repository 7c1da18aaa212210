import { internalError } from '#api/status-error.ts';

/** A single event above this is not of this API: an object is at most a few MiB. */
const lineMaxDefault = 32 * 1024 * 1024;

export interface LineOptions {
  readonly lineMaxBytes?: number | undefined;
  /** What to do with text after the last newline: a stream of events that breaks off leaves half an event. Default keep. */
  readonly unfinished?: 'keep' | 'drop' | undefined;
}

/** Splits a byte stream at newlines; blank lines are left out. Throws a StatusError when one line grows beyond all bounds. */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  { lineMaxBytes = lineMaxDefault, unfinished = 'keep' }: LineOptions = {},
): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const checkLength = (bytes: number): void => {
    if (bytes > lineMaxBytes) throw internalError(`a line of the stream is longer than ${lineMaxBytes} bytes`);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      checkLength(pendingBytes + end - start);
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    checkLength(pendingBytes);
  }
  const rest = Buffer.concat(pending).toString('utf8');
  if (unfinished === 'keep' && rest.trim() !== '') yield rest;
}
