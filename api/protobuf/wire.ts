import { badRequest } from '../status-error.ts';

/** One field as it stands on the wire. */
export type WireField =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'fixed64' | 'fixed32' | 'bytes'; readonly value: Buffer };

export const malformed = (): Error => badRequest('the request body is not well-formed protobuf');

/** The fields of a message in order. Throws a StatusError 400 where the bytes make no sense. */
export function* wireFields(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed();
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw malformed();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number < 1) throw malformed();
    switch (tag % 8) {
      case 0:
        yield { number, kind: 'varint', value: varint() };
        break;
      case 1:
        yield { number, kind: 'fixed64', value: take(8) };
        break;
      case 2:
        yield { number, kind: 'bytes', value: take(Number(varint())) };
        break;
      case 5:
        yield { number, kind: 'fixed32', value: take(4) };
        break;
      default:
        throw malformed();
    }
  }
}

/** The numbers in a packed list. */
export function packedVarints(bytes: Buffer): bigint[] {
  const out: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) {
      if (shift > 63n) throw malformed();
      continue;
    }
    out.push(BigInt.asUintN(64, value));
    value = 0n;
    shift = 0n;
  }
  if (shift > 0n) throw malformed();
  return out;
}

/** The bytes of one length-delimited field; the last one counts. */
export function bytesField(message: Buffer, number: number): Buffer | undefined {
  let found: Buffer | undefined;
  for (const field of wireFields(message)) if (field.number === number && field.kind === 'bytes') found = field.value;
  return found;
}
