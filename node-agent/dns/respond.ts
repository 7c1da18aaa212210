import { type Answer, encode } from 'dns-packet';
import { flags, headerBytes, type Query, type Rcode, rcodes, readRecords, types } from './wire.ts';

/** What is to be said to a query. Names without the last dot. */
export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authority: readonly Answer[];
  readonly additional: readonly Answer[];
}

/** What clients may send and get by UDP beyond the old 512 bytes; more would be cut into fragments on some paths. */
export const ednsBytes = 1232;
const udpBytesMin = 512;
export const tcpBytesMax = 65_535;
const optBytes = 11;
/** Compression pointers have 14 bits. */
const pointerMax = 0x3fff;

export const replyOf = (rcode: Rcode): Reply => ({
  rcode,
  authoritative: false,
  answers: [],
  authority: [],
  additional: [],
});

/** How long a UDP answer to this query may be. */
export const udpLimit = ({ edns }: Query): number =>
  edns ? Math.max(udpBytesMin, Math.min(edns.udpBytes, ednsBytes)) : udpBytesMin;

/**
 * The bytes of a reply. Names of records are compressed. What does not fit into `bytesMax` is left out, and where that is an
 * answer the reply says that it is truncated.
 */
export function encodeReply(query: Query, reply: Reply, bytesMax: number): Buffer {
  const { question } = query;
  const names = new Map<string, number>();
  rememberName(names, question.labels, headerBytes);
  const parts: Buffer[] = [question.raw];
  const opt = query.edns ? optOf(query, reply.rcode) : undefined;
  let bytes = headerBytes + question.raw.length + (opt?.length ?? 0);
  let place = headerBytes + question.raw.length;

  /** How many of the records have found room. */
  const add = (records: readonly Answer[]): number => {
    let count = 0;
    for (const record of records) {
      const labels = labelsOf(record.name);
      const owner = encodeName(names, labels);
      const rest = recordBody(record);
      if (bytes + owner.length + rest.length > bytesMax) break;
      rememberName(names, labels, place);
      parts.push(owner, rest);
      bytes += owner.length + rest.length;
      place += owner.length + rest.length;
      count += 1;
    }
    return count;
  };

  const answers = add(reply.answers);
  const truncated = answers < reply.answers.length;
  const authority = truncated ? 0 : add(reply.authority);
  const additional = truncated ? 0 : add(reply.additional);
  if (opt) parts.push(opt);
  const header = headerOf(query, reply.rcode, {
    authoritative: reply.authoritative,
    truncated,
    counts: [1, answers, authority, additional + (opt ? 1 : 0)],
  });
  return Buffer.concat([header, ...parts]);
}

/** An answer to something that cannot be read further than its header. */
export function encodeError(header: { id: number; keptFlags: number; opcode: number }, rcode: Rcode): Buffer {
  return headerOf(header, rcode, { authoritative: false, truncated: false, counts: [0, 0, 0, 0] });
}

/**
 * Another server's answer as an answer to this query: id, flags, the client's own spelling of the name, OPT record, and no more
 * than fits. `message` has the same question; it is not changed.
 */
export function passOn(query: Query, message: Buffer, bytesMax: number): Buffer {
  const { question } = query;
  const from = headerBytes + question.raw.length;
  const records = readRecords(message, from);
  // What comes after an OPT record may point into what comes before, never into it: cut there, additional records are optional.
  const optAt = records.findIndex(({ type }) => type === types.OPT);
  const kept = optAt < 0 ? records : records.slice(0, optAt);
  const rcode = rcodeOf(message);
  const opt = query.edns ? optOf(query, rcode) : undefined;
  const room = bytesMax - (opt?.length ?? 0);
  const fitting = kept.filter(({ end }) => end <= room);
  const count = (list: typeof kept, section: string): number => list.filter((one) => one.section === section).length;
  const truncated =
    count(fitting, 'answer') < count(kept, 'answer') || count(fitting, 'authority') < count(kept, 'authority');
  const end = fitting.at(-1)?.end ?? from;
  const header = headerOf(query, rcode, {
    authoritative: false,
    truncated,
    counts: [1, count(fitting, 'answer'), count(fitting, 'authority'), count(fitting, 'additional') + (opt ? 1 : 0)],
  });
  return Buffer.concat([header, question.raw, message.subarray(from, end), ...(opt ? [opt] : [])]);
}

/** Of a response of another server; what is beyond the old sixteen counts as a failure of that server. */
export function rcodeOf(message: Buffer): Rcode {
  const code = message.readUInt16BE(2) & 15;
  return Object.values(rcodes).find((one) => one === code) ?? rcodes.servFail;
}

interface HeaderFields {
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly counts: readonly number[];
}

function headerOf(
  query: { id: number; keptFlags: number; opcode: number },
  rcode: Rcode,
  { authoritative, truncated, counts }: HeaderFields,
): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.id, 0);
  const said = (authoritative ? flags.authoritative : 0) | (truncated ? flags.truncated : 0);
  header.writeUInt16BE(
    flags.response | flags.available | said | query.keptFlags | ((query.opcode & 15) << 11) | (rcode & 15),
    2,
  );
  counts.forEach((count, index) => {
    header.writeUInt16BE(count, 4 + index * 2);
  });
  return header;
}

function optOf({ edns }: Query, rcode: Rcode): Buffer {
  const opt = Buffer.alloc(optBytes);
  opt.writeUInt16BE(types.OPT, 1);
  opt.writeUInt16BE(ednsBytes, 3);
  opt.writeUInt8(rcode >> 4, 5);
  if (edns?.dnssecOk) opt.writeUInt8(0x80, 7);
  return opt;
}

const labelsOf = (name: string): readonly string[] => name.replace(/\.$/, '').split('.');

function encodeName(names: ReadonlyMap<string, number>, labels: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index < labels.length; index += 1) {
    const known = names.get(suffixKey(labels, index));
    if (known !== undefined) return Buffer.concat([...parts, Buffer.from([0xc0 | (known >> 8), known & 0xff])]);
    const label = Buffer.from(labels[index] ?? '', 'latin1');
    parts.push(Buffer.from([label.length]), label);
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** Notes where each part of a name stands, so that later names may point there. */
function rememberName(names: Map<string, number>, labels: readonly string[], start: number): void {
  let at = start;
  for (let index = 0; index < labels.length; index += 1) {
    const key = suffixKey(labels, index);
    if (names.has(key) || at > pointerMax) return;
    names.set(key, at);
    at += 1 + Buffer.byteLength(labels[index] ?? '', 'latin1');
  }
}

const suffixKey = (labels: readonly string[], index: number): string => labels.slice(index).join('\0').toLowerCase();

/** All of a record but its name, by the library that knows the types. */
function recordBody(record: Answer): Buffer {
  return encode({ type: 'response', answers: [{ ...record, name: '.' }] }).subarray(headerBytes + 1);
}
