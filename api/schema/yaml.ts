/** YAML and JSON manifests: several documents, bounded, with errors that say where. */
import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  Scalar,
  type ScalarTag,
  type Tags,
} from 'yaml';
import { badRequest, type StatusError } from '../status-error.ts';
import { depthMax as defaultDepthMax } from './decode.ts';
import { tooDeepAt } from './yaml-depth.ts';

export interface YamlLimits {
  /** Default: what decodeObject can take. */
  readonly depthMax?: number;
  /** Values that the aliases of one document may add up to; default 100,000. */
  readonly aliasedValuesMax?: number;
  /** Characters; default 10 Mi. */
  readonly lengthMax?: number;
  readonly documentsMax?: number;
}

const lengthMaxDefault = 10 * 1024 * 1024;
const aliasedValuesMaxDefault = 100_000;
const documentsMaxDefault = 10_000;

/**
 * The values of all documents that are not empty, in order. Throws a StatusError 400 that names line and column for
 * malformed YAML, duplicate keys, nesting that is too deep and aliases that multiply.
 */
export function parseYamlDocuments(text: string, limits: YamlLimits = {}): unknown[] {
  const { depthMax = defaultDepthMax, lengthMax = lengthMaxDefault, documentsMax = documentsMaxDefault } = limits;
  if (text.length > lengthMax) throw badRequest(`error parsing YAML: more than ${lengthMax} characters`);
  const lines = new LineCounter();
  const deepAt = tooDeepAt(text, depthMax);
  if (deepAt !== undefined) throw tooDeep(text, deepAt, depthMax);
  const documents = parseDocuments(text, lines);
  if (documents.length > documentsMax) throw badRequest(`error parsing YAML: more than ${documentsMax} documents`);
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error) throw yamlError(wording(error.message, depthMax), lines, error.pos[0]);
    if (!document.contents || (isScalar(document.contents) && document.contents.value === null)) return [];
    const budget = { left: limits.aliasedValuesMax ?? aliasedValuesMaxDefault };
    const reading = { document, lines, depthMax, budget, aliases: new Map(), inAlias: false };
    return [toValue(document.contents, reading, 0)];
  });
}

function tooDeep(text: string, position: number, depthMax: number): StatusError {
  const before = text.slice(0, position).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return badRequest(`error parsing YAML: line ${before.length}, column ${column}: exceeded max depth of ${depthMax}`);
}

function parseDocuments(text: string, lines: LineCounter): Document.Parsed[] {
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    // The library compares every key with every other; mapValue does it in one pass.
    uniqueKeys: false,
    version: '1.1',
    schema: 'yaml-1.1',
    resolveKnownTags: false,
    customTags: jsonTags,
  });
  return Array.isArray(parsed) ? parsed : [];
}

const booleans: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/,
    resolve: () => new Scalar(true),
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/,
    resolve: () => new Scalar(false),
  },
];

/** As Kubernetes' reader: what JSON cannot hold stays text, as do `y`, `n` and `12:30`; `yes` and `on` are booleans. */
const jsonTags = (tags: Tags): Tags => [
  ...booleans,
  ...tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      !(/timestamp|set|omap|pairs|binary|merge|bool/.test(tag.tag) || ('format' in tag && tag.format === 'TIME')),
  ),
];

interface Reading {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
  readonly depthMax: number;
  readonly budget: { left: number };
  /** What each alias stands for: the library would look through the whole document every time. */
  readonly aliases: Map<Alias, Node | undefined>;
  readonly inAlias: boolean;
}

function toValue(node: Node | null, reading: Reading, depth: number): unknown {
  if (!node) return null;
  if (depth > reading.depthMax) throw refuse(`exceeded max depth of ${reading.depthMax}`, node, reading);
  if (reading.inAlias) {
    reading.budget.left -= 1;
    if (reading.budget.left < 0) throw refuse('document contains excessive aliasing', node, reading);
  }
  if (isAlias(node)) {
    const target = resolveAlias(node, reading);
    if (!target) throw refuse(`unknown anchor ${JSON.stringify(node.source)}`, node, reading);
    return toValue(target, { ...reading, inAlias: true }, depth + 1);
  }
  if (isScalar(node)) return scalarValue(node.value, node, reading);
  if (isSeq(node)) return node.items.map((item) => toValue(asNode(item), reading, depth + 1));
  if (isMap(node)) return mapValue(node.items, node, reading, depth);
  throw refuse('unexpected content', node, reading);
}

function resolveAlias(alias: Alias, { aliases, document }: Reading): Node | undefined {
  if (!aliases.has(alias)) aliases.set(alias, alias.resolve(document));
  return aliases.get(alias);
}

function scalarValue(value: unknown, node: Node, reading: Reading): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refuse(`${value} is not a JSON number`, node, reading);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  throw refuse('only text, numbers, booleans and null can be written as JSON', node, reading);
}

function mapValue(items: readonly unknown[], node: Node, reading: Reading, depth: number): object {
  const own = new Map<string, unknown>();
  const merged: [string, unknown][] = [];
  for (const pair of items) {
    if (!isPair(pair)) continue;
    const key = keyOf(asNode(pair.key), node, reading, depth);
    const value = toValue(asNode(pair.value), reading, depth + 1);
    if (key === '<<' && isPlain(pair.key)) merged.push(...mergedEntries(value, node, reading));
    else if (own.has(key))
      throw refuse(`key ${JSON.stringify(key)} is already set in this map`, asNode(pair.key) ?? node, reading);
    else own.set(key, value);
  }
  // fromEntries defines own properties, so a key named __proto__ stays an ordinary key.
  return Object.fromEntries([...merged, ...own]);
}

const isPlain = (key: unknown): boolean => isScalar(key) && (key.type === 'PLAIN' || key.type === undefined);

function mergedEntries(value: unknown, node: Node, reading: Reading): [string, unknown][] {
  // The first of several maps wins, so it comes last.
  const maps = Array.isArray(value) ? value.toReversed() : [value];
  return maps.flatMap((one: unknown) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) {
      throw refuse('map merge requires map or sequence of maps as the value', node, reading);
    }
    return Object.entries(one);
  });
}

function keyOf(key: Node | null, node: Node, reading: Reading, depth: number): string {
  const value =
    isScalar(key) && key.source !== undefined && !isQuoted(key.type)
      ? plainKey(key.value, key.source)
      : toValue(key, reading, depth + 1);
  if (typeof value === 'object' && value !== null) throw refuse('a key must be text', key ?? node, reading);
  return String(value);
}

const isQuoted = (type: unknown): boolean => type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE';

/** `<<` and numbers keep their text; booleans are written out, as Kubernetes' reader does. */
const plainKey = (value: unknown, source: string): string => (typeof value === 'boolean' ? String(value) : source);

const asNode = (value: unknown): Node | null =>
  isScalar(value) || isCollection(value) || isAlias(value) ? value : null;

/** The parser recurses into collections, and reports that its stack is full like any other mistake in the text. */
const wording = (message: string, depthMax: number): string =>
  message.includes('call stack') ? `exceeded max depth of ${depthMax}` : (message.split('\n')[0] ?? '');

const refuse = (why: string, node: Node, { lines }: Reading) => yamlError(why, lines, node.range?.[0] ?? 0);

function yamlError(why: string, lines: LineCounter, offset: number) {
  const { line, col } = lines.linePos(offset);
  return badRequest(`error parsing YAML: line ${line}, column ${col}: ${why}`);
}
