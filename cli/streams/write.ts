/** Writes, and waits while the reader is behind: what is not written yet is never piled up. */
export function writeAll(stream: NodeJS.WritableStream, data: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error?: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
