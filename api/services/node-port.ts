import { type FieldError, fieldInvalid } from '../field-error.ts';

/** Inclusive. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface NodePortRequest {
  readonly range: PortRange;
  /** Every port that a service holds now, as `TCP/30080`. */
  readonly used: ReadonlySet<string>;
  /** @default TCP */
  readonly protocol: string | undefined;
  /** What the service asks for; absent: whatever is free. */
  readonly requested?: number | undefined;
  /** Given when it is free and nothing is asked for. */
  readonly preferred?: number | undefined;
  /** In [0, 1): where the search begins. */
  readonly random: number;
  /** What an error is about. */
  readonly field: string;
}

export type NodePortResult = { readonly nodePort: number } | { readonly error: FieldError };

/** The first ports are for services whose port is chosen by hand: taken last, as by Kubernetes. */
const reserved = (size: number): number => (size < 32 ? 0 : Math.min(128, Math.max(16, Math.trunc(size / 32))));

/** A port that nobody holds, or why there is none. Pure. */
export function allocateNodePort(request: NodePortRequest): NodePortResult {
  const { range, used, protocol = 'TCP', requested, preferred, random, field } = request;
  const isFree = (port: number): boolean => !used.has(`${protocol}/${port}`);
  if (requested) {
    if (requested < range.first || requested > range.last) {
      const valid = `The range of valid ports is ${range.first}-${range.last}`;
      return refuse(field, requested, `provided port is not in the valid range. ${valid}`);
    }
    return isFree(requested) ? { nodePort: requested } : refuse(field, requested, 'provided port is already allocated');
  }
  if (preferred && isFree(preferred)) return { nodePort: preferred };
  const size = range.last - range.first + 1;
  const low = reserved(size);
  const upper = size - low;
  const start = Math.floor(random * upper);
  for (let step = 0; step < size; step++) {
    // Upper part first, from anywhere on and around; then the reserved rest.
    const port = range.first + (step < upper ? low + ((start + step) % upper) : step - upper);
    if (isFree(port)) return { nodePort: port };
  }
  return refuse(field, 0, 'failed to allocate a nodePort: range is full');
}

const refuse = (field: string, value: number, words: string): NodePortResult => ({
  error: fieldInvalid(field, value, words),
});
