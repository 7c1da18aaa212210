/** Field selectors: `status.phase=Running,metadata.name!=a`. Which fields a kind knows is the registry's business. */
import { badRequest } from '../status-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All requirements must hold. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
}

const operators = ['!=', '==', '='] as const;

/** Throws a StatusError 400 with Kubernetes' words. In values, `\\`, `\,` and `\=` stand for the characters themselves. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements = splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
  return { requirements: requirements.toSorted((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0)) };
}

function splitTerms(text: string): string[] {
  const terms = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...terms, text.slice(start)];
}

function parseTerm(term: string, whole: string): FieldRequirement {
  for (let at = 0; at < term.length; at += 1) {
    const operator = operators.find((one) => term.startsWith(one, at));
    if (operator) {
      const value = unescapeValue(term.slice(at + operator.length));
      return { field: term.slice(0, at), operator: operator === '!=' ? '!=' : '=', value };
    }
  }
  throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
}

function unescapeValue(text: string): string {
  return text.replace(/\\(.?)|[=,]/gs, (match, escaped: string | undefined) => {
    if (escaped === '\\' || escaped === ',' || escaped === '=') return escaped;
    if (escaped === undefined) throw badRequest(`invalid field selector: unescaped character in value: ${match}`);
    throw badRequest(`invalid field selector: invalid escape sequence: ${match}`);
  });
}

/** `get` returns a field's value; undefined counts as empty. */
export const matchesFields = (selector: FieldSelector, get: (field: string) => string | undefined): boolean =>
  selector.requirements.every(({ field, operator, value }) => ((get(field) ?? '') === value) === (operator === '='));

/** Text that parses to the same selector. */
export const formatFieldSelector = (selector: FieldSelector): string =>
  selector.requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
