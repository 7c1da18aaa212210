/** One pass over JSON text that finds what JSON.parse does not tell: how deep it nests, and fields that stand twice. */

export interface ScanResult {
  /** Deeper than the limit; the rest of the text was not looked at. */
  readonly tooDeep: boolean;
  /** Paths of fields whose name stands more than once in its object: `spec.replicas`, `spec.ports[0].name`. */
  readonly duplicates: string[];
}

interface Frame {
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

const duplicatesMax = 100;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Tolerates text that is not JSON: what it says of it is then of no use, but it ends. */
export function scanJson(text: string, depthMax: number): ScanResult {
  const frames: Frame[] = [];
  const duplicates: string[] = [];
  let atKey = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        const frame = frames.at(-1);
        if (atKey && frame?.keys) {
          frame.key = readKey(text.slice(at, end + 1));
          if (frame.keys.has(frame.key)) noteDuplicate(frames, duplicates);
          frame.keys.add(frame.key);
          atKey = false;
        }
        at = end;
        break;
      }
      case openBrace:
      case openBracket: {
        if (frames.length >= depthMax) return { tooDeep: true, duplicates };
        atKey = text.charCodeAt(at) === openBrace;
        frames.push({ keys: atKey ? new Set() : undefined, key: '', index: 0 });
        break;
      }
      case closeBrace:
      case closeBracket:
        frames.pop();
        atKey = false;
        break;
      case comma: {
        const frame = frames.at(-1);
        atKey = frame?.keys !== undefined;
        if (frame && !frame.keys) frame.index += 1;
        break;
      }
      default:
    }
  }
  return { tooDeep: false, duplicates };
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

function readKey(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    const key: unknown = JSON.parse(quoted);
    return String(key);
  } catch {
    return quoted;
  }
}

function noteDuplicate(frames: readonly Frame[], duplicates: string[]): void {
  if (duplicates.length >= duplicatesMax) return;
  const path = frames.map((frame) => (frame.keys ? `.${frame.key}` : `[${frame.index}]`)).join('');
  const shown = path.replace(/^\./, '');
  if (!duplicates.includes(shown)) duplicates.push(shown);
}
