/** Addresses, without node:net: api/ does no I/O and imports none of its modules. */

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4Pattern = new RegExp(`^${octet}(\\.${octet}){3}$`);

export const isIPv4 = (text: string): boolean => ipv4Pattern.test(text);

export function isIPv6(text: string): boolean {
  if (text.length > 45 || !text.includes(':') || /[^0-9a-fA-F:.]/.test(text)) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const tail = last.includes('.') ? 2 : 1;
  if (tail === 2 && (!isIPv4(last) || text.endsWith('::'))) return false;
  const plain = tail === 2 ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (tail === 2 ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

export const isIP = (text: string): boolean => isIPv4(text) || isIPv6(text);

/** Why an address cannot be an endpoint or an external address; undefined when it can. */
export function specialAddressProblem(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower === '0.0.0.0' || /^[0:]+$/.test(lower)) return `may not be unspecified (${text})`;
  if (lower.startsWith('127.') || /^[0:]*:0*1$/.test(lower))
    return 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
  if (lower.startsWith('169.254.') || /^fe[89ab][0-9a-f]:/.test(lower)) {
    return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  }
  if (lower.startsWith('224.0.0.') || /^ff[0-9a-f]2:/.test(lower)) {
    return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  }
  return undefined;
}
