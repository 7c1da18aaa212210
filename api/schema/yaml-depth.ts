import { CST, Lexer } from 'yaml';

const opens = /[[{]|[-?:][ \t]/g;

/**
 * Where YAML nests deeper than `depthMax` within brackets or within one line, if it does. The parser itself takes time and stack
 * for every level; this takes neither. Levels by indentation cost their writer so much text that the limit of length holds them.
 */
export function tooDeepAt(text: string, depthMax: number): number | undefined {
  if (isSurelyShallow(text, depthMax)) return undefined;
  let position = 0;
  let brackets = 0;
  let inLine = 0;
  let isText = false;
  for (const token of new Lexer().lex(text)) {
    if (isText) {
      isText = false;
      position += token.length;
      continue;
    }
    isText = token === CST.SCALAR;
    switch (CST.tokenType(token)) {
      case 'flow-map-start':
      case 'flow-seq-start':
        brackets += 1;
        break;
      case 'flow-map-end':
      case 'flow-seq-end':
        brackets -= 1;
        break;
      case 'seq-item-ind':
      case 'explicit-key-ind':
      case 'map-value-ind':
        if (brackets === 0) inLine += 1;
        break;
      case 'newline':
        inLine = 0;
        break;
    }
    if (brackets > depthMax || inLine > depthMax) return position;
    if (!isControl(token)) position += token.length;
  }
  return undefined;
}

const isControl = (token: string): boolean => token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR;

/** Most documents have too few marks for it, wherever they stand. */
function isSurelyShallow(text: string, depthMax: number): boolean {
  let count = 0;
  opens.lastIndex = 0;
  while (opens.test(text)) {
    count += 1;
    if (count > depthMax) return false;
  }
  return true;
}
