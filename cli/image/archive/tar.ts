/** The table of contents of a tar archive: where each file begins. Its bytes are not read. */
import { CliError } from '../../command.ts';
import type { ArchiveFile } from './file.ts';

export interface TarEntry {
  /** Of the content in the archive. Bytes. */
  readonly offset: number;
  readonly size: number;
}

const blockBytes = 512;
/** More files than an image archive has: those hold blobs, not what is in them. */
const entriesMax = 100_000;
/** Of a long name or a set of attributes. */
const attributesMax = 2 ** 20;
const linksMax = 10;

/** Files by their path, links followed. Throws a CliError when it is no tar archive. */
export async function indexTar(file: ArchiveFile): Promise<ReadonlyMap<string, TarEntry>> {
  const entries = new Map<string, TarEntry>();
  const links = new Map<string, string>();
  let offset = 0;
  let next: Attributes = {};
  for (let count = 0; ; count++) {
    if (count > entriesMax) throw notTar(`it has more than ${entriesMax} entries`);
    const header = await file.readAt(offset, blockBytes);
    if (header.length === 0 && count > 0) break;
    if (header.length < blockBytes) throw notTar('it ends in the middle of an entry');
    if (header.every((byte) => byte === 0)) break;
    if (!hasRightSum(header)) throw notTar(count === 0 ? 'it does not begin as one' : `entry ${count + 1} is damaged`);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = next.size ?? readNumber(header.subarray(124, 136));
    const content = offset + blockBytes;
    if (!Number.isSafeInteger(size) || size < 0) throw notTar(`entry ${count + 1} has no size`);
    if (content + size > file.bytes) throw notTar('it ends in the middle of an entry');
    offset = content + Math.ceil(size / blockBytes) * blockBytes;

    if ('LKx'.includes(type)) {
      if (size > attributesMax) throw notTar(`entry ${count + 1} has too many attributes`);
      const bytes = await file.readAt(content, size);
      if (type === 'L') next = { ...next, path: untilZero(bytes) };
      else if (type === 'K') next = { ...next, link: untilZero(bytes) };
      else next = { ...next, ...readAttributes(bytes) };
      continue;
    }
    const path = normalise(next.path ?? nameOf(header));
    const link = next.link ?? untilZero(header.subarray(157, 257));
    next = {};
    if (type === '0' || type === '\0' || type === '7') entries.set(path, { offset: content, size });
    // A hard link is written from the archive's root, a symbolic one from where it stands.
    else if (type === '1') links.set(path, normalise(link));
    else if (type === '2') links.set(path, normalise(link.startsWith('/') ? link : `${path}/../${link}`));
  }
  for (const path of links.keys()) {
    const found = follow(path, entries, links);
    if (found) entries.set(path, found);
  }
  return entries;
}

interface Attributes {
  readonly path?: string;
  readonly link?: string;
  readonly size?: number;
}

const notTar = (why: string): CliError =>
  new CliError(`this is no image archive: ${why}`, {
    fix: 'Make one with: docker save web:1 -o web.tar (or: skopeo copy … oci-archive:web.tar, buildah push … oci-archive:web.tar)',
  });

/** The header's checksum is the sum of its bytes, with its own place counted as spaces. */
function hasRightSum(header: Buffer): boolean {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return sum === readNumber(header.subarray(148, 156));
}

/** Octal digits, or base 256 where they do not suffice. */
function readNumber(field: Buffer): number {
  if (field[0] === 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  const text = untilZero(field).trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : text === '' ? 0 : Number.NaN;
}

function nameOf(header: Buffer): string {
  const name = untilZero(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? untilZero(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Lines of `<length> <name>=<value>`. */
function readAttributes(bytes: Buffer): Attributes {
  let found: Attributes = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(bytes.toString('utf8', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > bytes.length) break;
    const [name = '', ...rest] = bytes.toString('utf8', space + 1, at + length - 1).split('=');
    const value = rest.join('=');
    if (name === 'path') found = { ...found, path: value };
    if (name === 'linkpath') found = { ...found, link: value };
    if (name === 'size') found = { ...found, size: /^\d+$/.test(value) ? Number(value) : Number.NaN };
    at += length;
  }
  return found;
}

const untilZero = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
};

function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function follow(
  path: string,
  entries: ReadonlyMap<string, TarEntry>,
  links: ReadonlyMap<string, string>,
): TarEntry | undefined {
  let at = path;
  for (let steps = 0; steps < linksMax; steps++) {
    const found = entries.get(at);
    if (found) return found;
    const next = links.get(at);
    if (next === undefined) return undefined;
    at = next;
  }
  return undefined;
}
