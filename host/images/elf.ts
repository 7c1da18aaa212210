/** The smallest static Linux executable: one segment that is loaded and run, nothing else. */

const baseAddress = 0x400000;
const fileHeaderBytes = 64;
const programHeaderBytes = 56;
const segments = 2;
const pageBytes = 0x1000;

/** `machine` is ELF's number of the processor (62: x86-64). 64-bit, little-endian. */
export function buildExecutable(machine: number, code: Uint8Array): Buffer {
  const codeOffset = fileHeaderBytes + segments * programHeaderBytes;
  const header = Buffer.alloc(codeOffset);
  // Identification: 64 bits, little-endian, version 1, System V.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  header.writeUInt16LE(2, 16); // an executable with fixed addresses
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(baseAddress + codeOffset), 24); // entry
  header.writeBigUInt64LE(BigInt(fileHeaderBytes), 32); // program headers
  header.writeUInt16LE(fileHeaderBytes, 52);
  header.writeUInt16LE(programHeaderBytes, 54);
  header.writeUInt16LE(segments, 56);

  const size = BigInt(codeOffset + code.length);
  const load = header.subarray(fileHeaderBytes);
  load.writeUInt32LE(1, 0); // load
  load.writeUInt32LE(5, 4); // readable, executable
  load.writeBigUInt64LE(BigInt(baseAddress), 16);
  load.writeBigUInt64LE(BigInt(baseAddress), 24);
  load.writeBigUInt64LE(size, 32);
  load.writeBigUInt64LE(size, 40);
  load.writeBigUInt64LE(BigInt(pageBytes), 48);

  const stack = load.subarray(programHeaderBytes);
  stack.writeUInt32LE(0x6474e551, 0); // the stack is not executable
  stack.writeUInt32LE(6, 4);
  stack.writeBigUInt64LE(16n, 48);
  return Buffer.concat([header, code]);
}
