/**
 * A relative path that cannot lead out of its folder, as its segments. Undefined for absolute paths, `..`, NUL and the
 * like, and for an empty path.
 */
export function safeSegments(path: string): readonly string[] | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.length === 0 || segments.includes('..')) return undefined;
  return segments.some((segment) => Buffer.byteLength(segment) > nameBytesMax) ? undefined : segments;
}

/** The kernel's NAME_MAX. */
const nameBytesMax = 255;

/** Names that become one folder: no separators, not `.` or `..`. */
export const isSafeName = (name: string): boolean =>
  safeSegments(name)?.length === 1 && !name.includes('/') && name !== '.';
