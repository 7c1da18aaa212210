import { CliError } from '../../command.ts';

/** One piece of a kubectl JSONPath template. Source: kubernetes.io/docs/reference/kubectl/jsonpath. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly steps: readonly PathStep[] }
  | { readonly kind: 'range'; readonly steps: readonly PathStep[]; readonly body: readonly TemplateNode[] };

export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'descend' }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice';
      readonly from: number | undefined;
      readonly to: number | undefined;
      readonly step: number;
    }
  | { readonly kind: 'union'; readonly names: readonly string[] }
  | {
      readonly kind: 'filter';
      readonly left: FilterSide;
      readonly operator: string | undefined;
      readonly right: FilterSide | undefined;
    };

export type FilterSide =
  | { readonly kind: 'path'; readonly steps: readonly PathStep[] }
  | { readonly kind: 'value'; readonly value: string | number | boolean };

/** Throws a CliError that shows where the template is wrong. */
export function parseTemplate(template: string): TemplateNode[] {
  const stack: { steps: readonly PathStep[]; nodes: TemplateNode[] }[] = [{ steps: [], nodes: [] }];
  const add = (node: TemplateNode): void => void stack.at(-1)?.nodes.push(node);
  for (const token of splitTemplate(template)) {
    if (token.kind === 'text') {
      add(token);
      continue;
    }
    const body = token.text.trim();
    const range = /^range\s+(.*)$/s.exec(body)?.[1];
    if (range !== undefined) stack.push({ steps: parsePath(range), nodes: [] });
    else if (body === 'end') {
      const closed = stack.pop();
      if (!closed || stack.length === 0) throw wrong(template, 'an {end} without {range}');
      add({ kind: 'range', steps: closed.steps, body: closed.nodes });
    } else if (/^(".*"|'.*')$/s.test(body)) add({ kind: 'text', text: unquote(body) });
    else add({ kind: 'path', steps: parsePath(body) });
  }
  if (stack.length > 1) throw wrong(template, 'a {range} without {end}');
  return stack[0]?.nodes ?? [];
}

type Token = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly text: string };

function splitTemplate(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    if (open < 0) {
      tokens.push({ kind: 'text', text: template.slice(at) });
      break;
    }
    if (open > at) tokens.push({ kind: 'text', text: template.slice(at, open) });
    const close = closingBrace(template, open);
    if (close < 0) throw wrong(template, 'an unclosed {');
    tokens.push({ kind: 'action', text: template.slice(open + 1, close) });
    at = close + 1;
  }
  return tokens;
}

/** Braces inside quotes do not count. */
function closingBrace(text: string, open: number): number {
  let quote = '';
  for (let at = open + 1; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote) {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}') return at;
  }
  return -1;
}

const stepPatterns: readonly { readonly pattern: RegExp; readonly make: (match: RegExpExecArray) => PathStep[] }[] = [
  { pattern: /^\.\.(?=[\w*[])/, make: () => [{ kind: 'descend' }] },
  { pattern: /^\.?\*/, make: () => [{ kind: 'wildcard' }] },
  { pattern: /^\[\*\]/, make: () => [{ kind: 'wildcard' }] },
  { pattern: /^\[(-?\d+)\]/, make: (match) => [{ kind: 'index', index: Number(match[1]) }] },
  {
    pattern: /^\[(-?\d*):(-?\d*)(?::(\d+))?\]/,
    make: (match) => [
      { kind: 'slice', from: optionalNumber(match[1]), to: optionalNumber(match[2]), step: Number(match[3] ?? 1) },
    ],
  },
  {
    pattern: /^\[((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\]/,
    make: (match) => [{ kind: 'union', names: (match[1] ?? '').split(/\s*,\s*/).map(unquote) }],
  },
  {
    pattern: /^\.?((?:\\.|[\w-])(?:\\.|[\w/-])*)/,
    make: (match) => [{ kind: 'field', name: (match[1] ?? '').replace(/\\(.)/g, '$1') }],
  },
];

/** `.a.b[0]`, `$.a`, `@.a`, `..name`, `[?(@.x=="y")]`. */
export function parsePath(text: string): PathStep[] {
  let rest = text.trim().replace(/^[$@]/, '');
  const steps: PathStep[] = [];
  while (rest !== '' && rest !== '.') {
    const filter = filterStep(rest);
    if (filter) {
      steps.push(filter.step);
      rest = filter.rest;
      continue;
    }
    const found = stepPatterns.map((one) => ({ one, match: one.pattern.exec(rest) })).find(({ match }) => match);
    if (!found?.match) throw wrong(text, `${JSON.stringify(rest)} is not understood`);
    steps.push(...found.one.make(found.match));
    rest = rest.slice(found.match[0].length);
  }
  return steps;
}

function filterStep(text: string): { step: PathStep; rest: string } | undefined {
  if (!text.startsWith('[?(')) return undefined;
  const end = text.indexOf(')]');
  if (end < 0) throw wrong(text, 'an unclosed [?(');
  const inner = text.slice(3, end).trim();
  const match = /^(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)$/s.exec(inner);
  const step: PathStep = match
    ? { kind: 'filter', left: filterSide(match[1] ?? ''), operator: match[2], right: filterSide(match[3] ?? '') }
    : { kind: 'filter', left: filterSide(inner), operator: undefined, right: undefined };
  return { step, rest: text.slice(end + 2) };
}

function filterSide(text: string): FilterSide {
  const value = text.trim();
  if (/^(".*"|'.*')$/s.test(value)) return { kind: 'value', value: unquote(value) };
  if (value === 'true' || value === 'false') return { kind: 'value', value: value === 'true' };
  if (/^-?\d+(\.\d+)?$/.test(value)) return { kind: 'value', value: Number(value) };
  return { kind: 'path', steps: parsePath(value) };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const unquote = (text: string): string =>
  text
    .trim()
    .slice(1, -1)
    .replace(/\\(.)/gs, (_, char: string) => escapes[char] ?? char);

const optionalNumber = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);

const wrong = (template: string, why: string): CliError =>
  new CliError(`error parsing jsonpath ${JSON.stringify(template)}: ${why}`, { exitCode: 1 });
