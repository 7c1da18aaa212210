/** `10.42.0.0/16`: four bytes and a prefix length. */
export function isIPv4Network(text: string): boolean {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text) ?? [];
  const [bits, ...bytes] = parts.map(Number).reverse();
  return bits !== undefined && bits <= 32 && bytes.every((byte) => byte <= 255);
}

/** The `index`-th address of a network: 10 of 10.43.0.0/16 is 10.43.0.10. Throws a TypeError when it has none. */
export function cidrAddress(cidr: string, index: number): string {
  if (!isIPv4Network(cidr)) throw new TypeError(`${JSON.stringify(cidr)} is not an IPv4 network such as 10.43.0.0/16`);
  const [address = '', bits = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  if (index < 0 || index >= size) throw new TypeError(`${cidr} has no address number ${index}`);
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const wanted = number - (number % size) + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(wanted / 2 ** shift) % 256).join('.');
}
