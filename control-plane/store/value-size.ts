import { StoreError } from './errors.ts';

/** etcd refuses requests above 1.5 MiB; the rest of the request around the value needs a little of that. */
export const valueBytesMax = 1.5 * 1024 * 1024 - 8 * 1024;

/** Throws `too-large`, before the value travels anywhere. */
export function checkValueSize(key: string, value: Buffer): void {
  if (value.length <= valueBytesMax) return;
  throw new StoreError(
    'too-large',
    `the value of ${key} has ${value.length} bytes; at most ${valueBytesMax} can be stored`,
    {
      key,
    },
  );
}
