/**
 * Replaces `$(NAME)` by its value; `$$` is a literal `$`, so `$$(NAME)` stays `$(NAME)`. What is not known, and what is
 * not closed, is left as it stands.
 */
export function expandReferences(text: string, lookUp: (name: string) => string | undefined): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char !== '$' || at + 1 >= text.length) {
      result += char;
      continue;
    }
    const next = text[at + 1];
    if (next === '$') {
      result += '$';
      at++;
    } else if (next === '(') {
      const close = text.indexOf(')', at + 2);
      if (close < 0) {
        result += '$(';
        at++;
        continue;
      }
      const name = text.slice(at + 2, close);
      result += lookUp(name) ?? `$(${name})`;
      at = close;
    } else {
      result += `$${next}`;
      at++;
    }
  }
  return result;
}
