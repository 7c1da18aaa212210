/** protobuf's 64-bit integers arrive as decimal strings, since a double holds only 53 bits. */
import { RuntimeError } from '../errors.ts';

/** Exact, or an error: never a rounded number. */
export function toInt64(value: number): string {
  if (!Number.isSafeInteger(value))
    throw new RuntimeError('invalid', `${value} is not a whole number that JSON can hold`);
  return String(value);
}

/** Rounds above 2^53 (9 PB), which no quantity that we read reaches. */
export const fromInt64 = (text: string | undefined): number => (text === undefined ? 0 : Number(BigInt(text)));

/** Nanoseconds since the epoch do not fit a double, so they are divided before they become one. Never negative: containerd's zero time is. */
export function nanosecondsToMs(text: string): number {
  const nanoseconds = BigInt(text);
  return nanoseconds <= 0n ? 0 : Number(nanoseconds / 1_000_000n);
}
