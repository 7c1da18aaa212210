/** As kube-apiserver: what one response may carry of warnings, in characters. */
const totalMax = 4096;
const oneMax = 256;

/** Values for the Warning header: `299 - "text"`. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const unique = [...new Set(warnings)];
  const isLong = unique.reduce((sum, text) => sum + text.length, 0) > totalMax;
  const headers: string[] = [];
  let total = 0;
  for (const text of unique) {
    const shown = printable(isLong ? text.slice(0, oneMax) : text);
    total += shown.length;
    if (total > totalMax) break;
    headers.push(`299 - "${shown.replace(/["\\]/g, '\\$&')}"`);
  }
  return headers;
}

/** Header values: printable ASCII and nothing else. */
const printable = (text: string): string => text.replace(/[^\u0020-\u007e]/g, '?');
