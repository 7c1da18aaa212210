/** Label selectors: as text (`app=web,tier in (a,b),!old`) and as the LabelSelector objects of specs. */
import type { V1LabelSelector } from '../generated/types.ts';
import { labelValueErrors, qualifiedNameErrors } from '../name-rules.ts';
import { badRequest } from '../status-error.ts';
import { readWords, type Word } from './lexer.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | '>' | '<' | 'exists' | '!';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without doubles. One for `=`, `==`, `!=`, `>`, `<`; none for `exists` and `!`. */
  readonly values: readonly string[];
}

/** All requirements must hold; `nothing` matches no labels at all. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly nothing?: boolean;
}

export type Labels = Readonly<Record<string, string>>;

export const everythingSelector: LabelSelector = { requirements: [] };
export const nothingSelector: LabelSelector = { requirements: [], nothing: true };

const binaryOperators = ['in', 'notin', '=', '==', '!=', '>', '<'] as const;
const requirementsMax = 10_000;

/** Throws a StatusError 400 with Kubernetes' words. The empty text matches everything. */
export function parseLabelSelector(text: string): LabelSelector {
  const words = readWords(text);
  let at = 0;
  const peek = (): Word => asValue(words[at] ?? end);
  const take = (): Word => {
    const word = peek();
    at += 1;
    return word;
  };
  const takeOperator = (): Word => {
    const word = words[at] ?? end;
    at += 1;
    return word;
  };
  const requirements: LabelRequirement[] = [];
  for (;;) {
    const next = peek();
    if (next.token === 'end') return sorted(requirements);
    if (next.token !== 'identifier' && next.token !== '!') {
      throw badRequest(`found '${next.text}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(parseRequirement({ peek, take, takeOperator }));
    if (requirements.length > requirementsMax)
      throw badRequest(`a selector has at most ${requirementsMax} requirements`);
    const after = take();
    if (after.token === 'end') return sorted(requirements);
    if (after.token !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
    const following = peek();
    if (following.token !== 'identifier' && following.token !== '!') {
      throw badRequest(`found '${following.text}', expected: identifier after ','`);
    }
  }
}

interface Words {
  peek(): Word;
  take(): Word;
  takeOperator(): Word;
}

const end: Word = { token: 'end', text: '' };

/** `in` and `notin` are ordinary words except where an operator is due. */
const asValue = (word: Word): Word =>
  word.token === 'in' || word.token === 'notin' ? { token: 'identifier', text: word.text } : word;

const sorted = (requirements: LabelRequirement[]): LabelSelector => ({
  requirements: requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
});

const unparsable = (why: string) => badRequest(`unable to parse requirement: ${why}`);

function parseRequirement(words: Words): LabelRequirement {
  const first = words.take();
  const absent = first.token === '!';
  const key = absent ? words.take() : first;
  if (key.token !== 'identifier') throw unparsable(`found '${key.text}', expected: identifier`);
  const keyErrors = qualifiedNameErrors(key.text);
  if (keyErrors.length > 0) throw unparsable(invalidText('<nil>', key.text, keyErrors));
  const following = words.peek().token;
  if (following === 'end' || following === ',') return { key: key.text, operator: absent ? '!' : 'exists', values: [] };
  const operator = parseOperator(words);
  const values = operator === 'in' || operator === 'notin' ? parseValues(words) : [parseExactValue(words)];
  return requirement(key.text, operator, values);
}

function parseOperator(words: Words): (typeof binaryOperators)[number] {
  const word = words.takeOperator();
  const operator = binaryOperators.find((one) => one === word.token);
  if (!operator) throw unparsable(`found '${word.text}', expected: in, notin, =, ==, !=, gt, lt`);
  return operator;
}

function parseExactValue(words: Words): string {
  const next = words.peek().token;
  if (next === 'end' || next === ',') return '';
  const word = words.take();
  if (word.token !== 'identifier') throw unparsable(`found '${word.text}', expected: identifier`);
  return word.text;
}

function parseValues(words: Words): string[] {
  const open = words.take();
  if (open.token !== '(') throw unparsable(`found '${open.text}' expected: '('`);
  const first = words.peek();
  if (first.token !== 'identifier' && first.token !== ',' && first.token !== ')') {
    throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
  }
  const values = [];
  let expectValue = true;
  for (;;) {
    const word = words.take();
    if (word.token === ')') {
      // An empty place counts as the empty value: `()`, `(a,)`.
      if (expectValue) values.push('');
      return values;
    }
    if (word.token === ',') {
      if (expectValue) values.push('');
      expectValue = true;
    } else if (word.token === 'identifier' && expectValue) {
      values.push(word.text);
      expectValue = false;
    } else {
      throw unparsable(`found '${word.text}', expected: ${expectValue ? "',', or identifier" : "',' or ')'"}`);
    }
  }
}

function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const wanted = [...new Set(values)].sort();
  if ((operator === '>' || operator === '<') && !/^[+-]?\d{1,19}$/.test(wanted[0] ?? '')) {
    throw unparsable(
      `values[0]: Invalid value: ${JSON.stringify(wanted[0])}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  const isSet = operator === 'in' || operator === 'notin';
  if (isSet && wanted.length === 0) throw badSelector("for 'in', 'notin' operators, values set can't be empty");
  if (!isSet && operator !== '>' && operator !== '<' && wanted.length !== valueCount(operator)) {
    throw badSelector('values set must be empty for exists and does not exist');
  }
  const errors = wanted.flatMap((value, index) => {
    const wrong = labelValueErrors(value);
    return wrong.length > 0 ? [invalidText(`values[${index}][${key}]`, value, wrong)] : [];
  });
  if (errors.length > 0) throw unparsable(errors.length === 1 ? `${errors[0]}` : `[${errors.join(', ')}]`);
  return { key, operator, values: wanted };
}

const valueCount = (operator: LabelOperator): number => (operator === 'exists' || operator === '!' ? 0 : 1);

const badSelector = (why: string) => badRequest(`values: Invalid value: ${why}`);

const invalidText = (field: string, value: string, errors: readonly string[]): string =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${errors.join('; ')}`;

export function matchesLabels(selector: LabelSelector, labels: Labels | undefined): boolean {
  if (selector.nothing) return false;
  const given = labels ?? {};
  return selector.requirements.every((one) =>
    matchesRequirement(one, Object.hasOwn(given, one.key) ? given[one.key] : undefined),
  );
}

function matchesRequirement({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    default: {
      const wanted = values[0] ?? '';
      if (value === undefined || !/^[+-]?\d{1,19}$/.test(value)) return false;
      return operator === '>' ? BigInt(value) > BigInt(wanted) : BigInt(value) < BigInt(wanted);
    }
  }
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** No selector matches nothing, an empty one everything, as in Kubernetes. Throws a StatusError 400 when it is malformed. */
export function fromLabelSelectorObject(selector: V1LabelSelector | undefined): LabelSelector {
  if (!selector) return nothingSelector;
  const equalities = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]));
  const expressions = (selector.matchExpressions ?? []).map((expression) => {
    const operator = objectOperators[expression.operator];
    if (!operator) throw badRequest(`${JSON.stringify(expression.operator)} is not a valid label selector operator`);
    return requirement(expression.key, operator, expression.values ?? []);
  });
  return sorted([...equalities, ...expressions]);
}

/** The selector as text that parses to the same selector. A selector of nothing has no text of its own: `<nothing>`. */
export const formatLabelSelector = (selector: LabelSelector): string =>
  selector.nothing ? '<nothing>' : selector.requirements.map(formatRequirement).join(',');

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    default:
      return `${key}${operator}${values[0] ?? ''}`;
  }
}
