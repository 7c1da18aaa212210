/** A line above this is written in pieces, each a line of its own: memory has an end. */
const lineMaxBytes = 1024 * 1024;

const newline = 10;

/**
 * Whole lines, each with its newline, so that several streams can be written to one terminal without ever mixing within
 * a line. The last one gets a newline when it has none. Bytes stay as they are.
 */
export async function* wholeLines(chunks: AsyncIterable<Buffer>, maxBytes = lineMaxBytes): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const flush = (last: Buffer): Buffer => {
    const line = Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return line.at(-1) === newline ? line : Buffer.concat([line, Buffer.of(newline)]);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield flush(chunk.subarray(start, end + 1));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    pendingBytes += rest.length;
    if (pendingBytes >= maxBytes) yield flush(rest);
    else if (rest.length > 0) pending.push(rest);
  }
  if (pendingBytes > 0) yield flush(Buffer.alloc(0));
}
