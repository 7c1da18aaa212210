/** Splits the text of a label selector into words, as Kubernetes' own lexer does. */

export type Token =
  | 'identifier'
  | 'end'
  | 'error'
  | ')'
  | '('
  | ','
  | '!'
  | '='
  | '=='
  | '!='
  | '>'
  | '<'
  | 'in'
  | 'notin';

export interface Word {
  readonly token: Token;
  readonly text: string;
}

const symbols = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'] as const;
const pattern = /\s*(?:([=!(),<>]{1,2})|([^\s=!(),<>]+)|$)/y;

/** The last word is always `end`. */
export function readWords(text: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const [whole = '', special, identifier] = pattern.exec(text) ?? [];
    if (identifier !== undefined) {
      words.push({
        token: identifier === 'in' || identifier === 'notin' ? identifier : 'identifier',
        text: identifier,
      });
      at += whole.length;
    } else if (special !== undefined) {
      const symbol = symbols.find((one) => special.startsWith(one)) ?? '!';
      words.push({ token: symbol, text: symbol });
      at += whole.length - special.length + symbol.length;
    } else {
      break;
    }
  }
  words.push({ token: 'end', text: '' });
  return words;
}
