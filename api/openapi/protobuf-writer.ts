/** The wire format of Protocol Buffers, as far as encoding a document needs it. */

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
};

/** Field of wire type 2: text, bytes or an embedded message. */
export const lengthDelimited = (field: number, value: Buffer | string): Buffer[] => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return [varint(field * 8 + 2), varint(bytes.length), bytes];
};

/** `value` is a boolean or a non-negative safe integer. */
export const varintField = (field: number, value: number | boolean): Buffer[] => [
  varint(field * 8),
  varint(Number(value)),
];

export const doubleField = (field: number, value: number): Buffer[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [varint(field * 8 + 1), bytes];
};
