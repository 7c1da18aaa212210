import { compareQuantities, parseQuantity, QuantityError } from '#api/quantity.ts';
import { CliError } from '../command.ts';
import { evaluatePath } from '../printers/jsonpath/evaluate.ts';
import { parsePath } from '../printers/jsonpath/parse.ts';

/**
 * In the order of one field: numbers and quantities by value, text with the numbers in it by value (`web-2` before
 * `web-10`), objects without the field first. Throws a CliError when the path is wrong or no object has the field.
 */
export function sortByPath<T>(items: readonly T[], path: string, objectOf: (item: T) => unknown): T[] {
  const steps = parsePath(path.trim().replace(/^\{|\}$/g, ''));
  const keyed = items.map((item) => ({ item, key: evaluatePath(steps, objectOf(item))[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new CliError(`couldn't find any field with path ${JSON.stringify(path)} in the list of objects`);
  }
  return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ item }) => item);
}

const naturally = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });

export function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const quantities = [quantityOf(a), quantityOf(b)] as const;
  if (quantities[0] && quantities[1]) return compareQuantities(quantities[0], quantities[1]);
  return naturally.compare(textOf(a), textOf(b));
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function quantityOf(value: unknown) {
  try {
    return typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined;
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}
