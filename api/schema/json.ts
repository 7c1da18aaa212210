/** JSON from outside: bounded, with errors that say where. */
import { badRequest, tooLarge } from '../status-error.ts';
import { depthMax as defaultDepthMax } from './decode.ts';
import { scanJson } from './scan.ts';

export interface JsonLimits {
  /** Default: what decodeObject can take. */
  readonly depthMax?: number;
  /** UTF-8 bytes; default 3 MiB, as kube-apiserver. */
  readonly bytesMax?: number;
}

export interface ParsedJson {
  readonly value: unknown;
  /** Fields that stood twice; JSON.parse keeps the last. Pass them on to decodeObject. */
  readonly duplicates: readonly string[];
}

const bytesMaxDefault = 3 * 1024 * 1024;

/** Throws a StatusError: 413 for too many bytes, 400 for anything else. */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): ParsedJson {
  const { depthMax = defaultDepthMax, bytesMax = bytesMaxDefault } = limits;
  const bytes = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength;
  if (bytes > bytesMax) throw tooLarge(`Request entity too large: limit is ${bytesMax}`);
  const text = typeof input === 'string' ? input : readUtf8(input);
  const { tooDeep, duplicates } = scanJson(text, depthMax);
  if (tooDeep) throw malformed(`json: exceeded max depth of ${depthMax}`);
  try {
    const value: unknown = JSON.parse(text);
    return { value, duplicates };
  } catch (error) {
    throw malformed(explain(error, text), error);
  }
}

const malformed = (why: string, cause?: unknown) =>
  badRequest(`couldn't get version/kind; json parse error: ${why}`, cause);

/** Wrong bytes become U+FFFD, as in Go. */
const readUtf8 = (input: Uint8Array): string =>
  Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString('utf8');

function explain(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (text.trim() === '' || /unexpected end|unterminated/i.test(message)) return 'unexpected end of JSON input';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined) return `invalid JSON: ${message}`;
  const at = Number(position);
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const found = text.slice(at, at + 1);
  const what = found ? `invalid character ${JSON.stringify(found)}` : 'unexpected end of JSON input';
  return `${what} at line ${line}, column ${column}`;
}
