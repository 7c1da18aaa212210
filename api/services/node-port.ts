import { type FieldError, fieldInvalid } from '../field-error.ts';

export interface NodePortRequest {
  readonly low: number;
  readonly high: number;
  /** Every node port that is taken, whatever the protocol. */
  readonly used: ReadonlySet<number>;
  readonly requested?: number | undefined;
  /** Where the search begins: any number. */
  readonly seed: number;
  /** Path of the field, for example `spec.ports[0].nodePort`. */
  readonly field: string;
}

export type NodePortResult = { readonly port: number } | { readonly error: FieldError };

/** A port on all nodes that nobody holds, or why there is none. Pure, as allocateClusterIP. */
export function allocateNodePort({ low, high, used, requested, seed, field }: NodePortRequest): NodePortResult {
  const range = `${low}-${high}`;
  if (requested) {
    if (requested < low || requested > high) {
      const words = `provided port is not in the valid range. The range of valid ports is ${range}`;
      return { error: fieldInvalid(field, requested, words) };
    }
    return used.has(requested)
      ? { error: fieldInvalid(field, requested, 'provided port is already allocated') }
      : { port: requested };
  }
  const count = high - low + 1;
  const start = Math.abs(Math.trunc(seed)) % count;
  for (let step = 0; step < count; step++) {
    const port = low + ((start + step) % count);
    if (!used.has(port)) return { port };
  }
  return { error: fieldInvalid(field, 0, `failed to allocate a nodePort: range ${range} is full`) };
}
