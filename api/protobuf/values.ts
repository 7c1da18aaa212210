import { badRequest } from '../status-error.ts';
import { malformed, wireFields } from './wire.ts';

interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

function instantOf(bytes: Buffer): Instant | undefined {
  if (bytes.length === 0) return undefined;
  const found = { seconds: 0, nanos: 0 };
  for (const { number, kind, value } of wireFields(bytes)) {
    if (kind !== 'varint') throw malformed();
    if (number === 1) found.seconds = Number(BigInt.asIntN(64, value));
    if (number === 2) found.nanos = Number(BigInt.asIntN(32, value));
  }
  return found;
}

function iso({ seconds }: Instant): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw badRequest('protobuf: a time is out of range');
  return date.toISOString().slice(0, 19);
}

/** RFC 3339 to the second; undefined for the zero time, which means none. */
export function decodeTime(bytes: Buffer): string | undefined {
  const instant = instantOf(bytes);
  return instant && `${iso(instant)}Z`;
}

/** RFC 3339 to the microsecond. */
export function decodeMicroTime(bytes: Buffer): string | undefined {
  const instant = instantOf(bytes);
  return instant && `${iso(instant)}.${String(Math.trunc(instant.nanos / 1000)).padStart(6, '0')}Z`;
}

/** Field 1 says which of the two follows: 0 a number, 1 a text. */
export function intOrString(bytes: Buffer): number | string {
  let isText = false;
  let number = 0;
  let text = '';
  for (const field of wireFields(bytes)) {
    if (field.number === 1 && field.kind === 'varint') isText = field.value === 1n;
    if (field.number === 2 && field.kind === 'varint') number = Number(BigInt.asIntN(32, field.value));
    if (field.number === 3 && field.kind === 'bytes') text = field.value.toString();
  }
  return isText ? text : number;
}
