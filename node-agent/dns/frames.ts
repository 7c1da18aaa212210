/** DNS over TCP: each message behind its length, in two bytes. */

export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Takes chunks as they come and returns the messages that are whole by now. It keeps one message at most. */
export function createFrameReader(): (chunk: Buffer) => readonly Buffer[] {
  let parts: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    parts.push(chunk);
    bytes += chunk.length;
    // Joined only when something is whole: one byte at a time must not cost the square of the length.
    const first = parts[0] ?? chunk;
    const known = first.length >= 2 ? first.readUInt16BE(0) + 2 : undefined;
    if (bytes < (known ?? 2)) return [];
    let rest: Buffer = Buffer.concat(parts, bytes);
    const messages: Buffer[] = [];
    while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
      const end = rest.readUInt16BE(0) + 2;
      messages.push(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
    parts = rest.length > 0 ? [rest] : [];
    bytes = rest.length;
    return messages;
  };
}
