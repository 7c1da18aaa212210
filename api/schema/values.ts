/** Decoding of single values. Every function returns the canonical value or throws a DecodeError in Go's words. */
import { canonicalQuantity, formatQuantity, parseQuantity, roundUpToMilli } from '../quantity.ts';
import { canonicalTime } from './time.ts';

/** What is wrong with a document, without saying which kind it was meant to be. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** How Go's JSON package names a value that it did not expect. */
export function describeValue(value: unknown, withNumber = false): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'object':
      return value === null ? 'null' : 'object';
    case 'boolean':
      return 'bool';
    case 'number':
      return withNumber ? `number ${value}` : 'number';
    default:
      return typeof value;
  }
}

const notGoValue = (value: unknown, type: string): DecodeError =>
  new DecodeError(`json: cannot unmarshal ${describeValue(value, type !== 'string')} into Go value of type ${type}`);

export function decodeQuantity(value: unknown, rounded: boolean): string {
  if (typeof value !== 'string' && typeof value !== 'number') return canonicalQuantity(JSON.stringify(value) ?? '');
  const text = typeof value === 'string' ? value.trim() : value;
  if (rounded) return formatQuantity(roundUpToMilli(parseQuantity(text)));
  const canonical = canonicalQuantity(text);
  // Kubernetes keeps a single amount as it was written, and canonicalises only lists of resources.
  return typeof text === 'string' ? text : canonical;
}

/** The largest double below 2^63: what is larger would be written as a number that Go cannot read back. */
const int64Max = 2 ** 63 - 1024;

/** Undefined when it does not fit. */
export function decodeInteger(value: unknown, bits: 32 | 64): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  if (bits === 32) return value >= -(2 ** 31) && value < 2 ** 31 ? value : undefined;
  if (Math.abs(value) > 2 ** 63) return undefined;
  return Math.max(-int64Max, Math.min(value, int64Max));
}

export function decodeIntOrString(value: unknown): number | string {
  if (typeof value === 'string') return value;
  const integer = decodeInteger(value, 32);
  if (integer === undefined) throw notGoValue(value, 'int32');
  return integer;
}

export function decodeTime(value: unknown, micro: boolean): string {
  if (typeof value !== 'string') throw notGoValue(value, 'string');
  const canonical = canonicalTime(value, micro);
  if (canonical === undefined) {
    const shown = value.length > 100 ? `${value.slice(0, 100)}…` : value;
    const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
    throw new DecodeError(`parsing time ${JSON.stringify(shown)} as ${JSON.stringify(layout)}: cannot parse it`);
  }
  return canonical;
}

/** Line breaks are allowed and dropped, as in Go. */
export function decodeBytes(text: string): string {
  const plain = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  const wrong = plain.search(/[^A-Za-z0-9+/]/);
  const end = wrong < 0 ? plain.length : wrong;
  const padding = plain.length - end;
  const fits = plain.length % 4 === 0 && padding <= 2 && /^={0,2}$/.test(plain.slice(end));
  if (!fits) throw new DecodeError(`illegal base64 data at input byte ${end}`);
  return plain;
}
