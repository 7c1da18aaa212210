/**
 * Reads the bytes of DNS messages that strangers send. It never follows a compression pointer, so its cost grows only with the
 * length of the message; dns-packet, which knows what is inside of records, sees only what we wrote or asked for.
 */

/** Numbers of RFC 1035 and its followers. */
export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;
export type Rcode = (typeof rcodes)[keyof typeof rcodes];

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const flags = { response: 0x8000, authoritative: 0x0400, truncated: 0x0200, wanted: 0x0100, available: 0x0080 };
const keptOfQuery = flags.wanted | 0x0010;
export const headerBytes = 12;

/** What stands in a message is not what RFC 1035 allows. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export interface Question {
  /** Name, type and class as they came, for the answer to repeat. */
  readonly raw: Buffer;
  /** Bytes of the name in `raw`. */
  readonly nameBytes: number;
  /** Lower case; each byte of a label is one character. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
}

export interface Edns {
  readonly udpBytes: number;
  readonly version: number;
  readonly dnssecOk: boolean;
}

export interface Query {
  readonly id: number;
  /** Those that an answer repeats: recursion desired, checking disabled. */
  readonly keptFlags: number;
  readonly opcode: number;
  readonly question: Question;
  readonly edns: Edns | undefined;
}

/** One resource record, as places in its message. */
export interface RecordSpan {
  readonly section: 'answer' | 'authority' | 'additional';
  readonly start: number;
  readonly end: number;
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  readonly dataAt: number;
}

/** The id and flags of something that may be a query; undefined for what must not be answered at all. */
export function readHeader(message: Buffer): { id: number; keptFlags: number; opcode: number } | undefined {
  if (message.length < headerBytes) return undefined;
  const bits = message.readUInt16BE(2);
  if ((bits & flags.response) !== 0) return undefined;
  return { id: message.readUInt16BE(0), keptFlags: bits & keptOfQuery, opcode: (bits >> 11) & 15 };
}

/** Throws MalformedMessage. */
export function readQuery(message: Buffer): Query {
  const header = readHeader(message);
  if (!header) throw new MalformedMessage('not a query');
  if (message.readUInt16BE(4) !== 1) throw new MalformedMessage('not one question');
  const question = readQuestion(message);
  const records = readRecords(message, headerBytes + question.raw.length);
  const opts = records.filter(({ section, type }) => section === 'additional' && type === types.OPT);
  if (opts.length > 1) throw new MalformedMessage('more than one OPT record');
  const opt = opts[0];
  return { ...header, question, edns: opt && readEdns(message, opt) };
}

/** The question of a message that has exactly one. Throws MalformedMessage. */
export function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let offset = headerBytes;
  for (;;) {
    const length = byteAt(message, offset);
    offset += 1;
    if (length === 0) break;
    if (length > 63) throw new MalformedMessage('a question with a pointer or a strange label');
    if (offset + length > message.length) throw new MalformedMessage('a name that does not end');
    labels.push(lowerCase(message.toString('latin1', offset, offset + length)));
    offset += length;
    if (offset - headerBytes > nameBytesMax - 1) throw new MalformedMessage('a name that is too long');
  }
  if (offset + 4 > message.length) throw new MalformedMessage('a question that does not end');
  return {
    raw: message.subarray(headerBytes, offset + 4),
    nameBytes: offset - headerBytes,
    labels,
    type: message.readUInt16BE(offset),
    class: message.readUInt16BE(offset + 2),
  };
}

/** All records from `offset` on, as the counts of the header tell. Throws MalformedMessage. */
export function readRecords(message: Buffer, offset: number): RecordSpan[] {
  const spans: RecordSpan[] = [];
  let at = offset;
  for (const [section, countAt] of sections) {
    for (let left = message.readUInt16BE(countAt); left > 0; left -= 1) {
      const fieldsAt = skipName(message, at);
      if (fieldsAt + 10 > message.length) throw new MalformedMessage('a record that does not end');
      const end = fieldsAt + 10 + message.readUInt16BE(fieldsAt + 8);
      if (end > message.length) throw new MalformedMessage('a record that does not end');
      spans.push({
        section,
        start: at,
        end,
        type: message.readUInt16BE(fieldsAt),
        class: message.readUInt16BE(fieldsAt + 2),
        ttlAt: fieldsAt + 4,
        dataAt: fieldsAt + 10,
      });
      at = end;
    }
  }
  return spans;
}

const sections = [
  ['answer', 6],
  ['authority', 8],
  ['additional', 10],
] as const;

/** Where a name ends that starts at `offset`, compressed or not. */
export function skipName(message: Buffer, offset: number): number {
  for (let at = offset; at - offset < nameBytesMax; ) {
    const length = byteAt(message, at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    if (length > 63) throw new MalformedMessage('a strange label');
    at += length + 1;
  }
  throw new MalformedMessage('a name that is too long');
}

const nameBytesMax = 255;

function readEdns(message: Buffer, { start, class: udpBytes, ttlAt }: RecordSpan): Edns {
  if (byteAt(message, start) !== 0) throw new MalformedMessage('an OPT record with a name');
  return { udpBytes, version: byteAt(message, ttlAt + 1), dnssecOk: (byteAt(message, ttlAt + 2) & 0x80) !== 0 };
}

function byteAt(message: Buffer, offset: number): number {
  const byte = message[offset];
  if (byte === undefined) throw new MalformedMessage('a message that does not end');
  return byte;
}

/** A to Z only, as DNS compares: other bytes are what they are. */
const lowerCase = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
