/** JSON patch (RFC 6902), with the limits and answers of kube-apiserver. */
import { depthMax } from '../schema/decode.ts';
import { isJsonObject, jsonEqual, setOwn } from '../schema/record.ts';
import { describeValue } from '../schema/values.ts';
import { badRequest, tooLarge } from '../status-error.ts';
import { unprocessable } from './errors.ts';
import { addAt, getAt, PointerError, parsePointer, removeAt, replaceAt } from './pointer.ts';

const operationsMax = 10_000;
/** Bytes that all `copy` operations of one patch may add together. */
const copiedBytesMax = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[] | undefined;
  readonly value: unknown;
}

/**
 * Returns a new document; neither argument is changed. Throws a StatusError: 413 for too many operations, 400 for what is
 * not a patch, 422 for one that cannot be applied or whose `test` fails.
 */
export function applyJsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    throw badRequest(`json: cannot unmarshal ${describeValue(operations)} into Go value of type jsonpatch.Patch`);
  }
  if (operations.length > operationsMax) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${operationsMax}, got ${operations.length}`);
  }
  try {
    const budget = { copiedBytes: 0 };
    let result = copyBounded(document);
    for (const operation of operations) result = apply(result, readOperation(operation), budget);
    return result;
  } catch (error) {
    if (error instanceof PointerError) throw unprocessable(error);
    throw error;
  }
}

function readOperation(value: unknown): Operation {
  if (!isJsonObject(value)) {
    throw badRequest(`json: cannot unmarshal ${describeValue(value)} into Go value of type jsonpatch.Operation`);
  }
  const { op, path, from } = value;
  if (typeof op !== 'string') throw new PointerError('the operation is missing');
  if (typeof path !== 'string') throw new PointerError(`${op} operation is missing its path`);
  const needsFrom = op === 'move' || op === 'copy';
  if (needsFrom && typeof from !== 'string') throw new PointerError(`${op} operation is missing its from path`);
  return {
    op,
    path: parsePointer(path),
    from: typeof from === 'string' && needsFrom ? parsePointer(from) : undefined,
    value: value.value,
  };
}

function apply(document: unknown, operation: Operation, budget: { copiedBytes: number }): unknown {
  const { op, path, from = [], value } = operation;
  switch (op) {
    case 'add':
      return addAt(document, path, copyBounded(required(value, op)));
    case 'replace':
      return replaceAt(document, path, copyBounded(required(value, op)));
    case 'remove':
      return removeAt(document, path);
    case 'test':
      return test(document, path, value);
    case 'move': {
      const moved = getAt(document, from);
      return addAt(removeAt(document, from), path, moved);
    }
    case 'copy': {
      const copied = copyBounded(getAt(document, from));
      budget.copiedBytes += JSON.stringify(copied).length;
      if (budget.copiedBytes > copiedBytesMax) throw new PointerError('copies add up to too many bytes');
      return addAt(document, path, copied);
    }
    default:
      throw new PointerError(`unexpected kind of operation: ${op}`);
  }
}

function required(value: unknown, op: string): unknown {
  if (value === undefined) throw new PointerError(`${op} operation is missing its value`);
  return value;
}

function test(document: unknown, path: readonly string[], expected: unknown): unknown {
  let found: unknown;
  try {
    found = getAt(document, path);
  } catch (error) {
    // What is absent equals null.
    if (!(error instanceof PointerError) || (expected ?? null) !== null) throw error;
    return document;
  }
  if (!jsonEqual(found, expected ?? null)) throw new PointerError(`testing value /${path.join('/')} failed`);
  return document;
}

function copyBounded(value: unknown, depth = 0): unknown {
  if (depth > depthMax) throw new PointerError(`exceeded max depth of ${depthMax}`);
  if (Array.isArray(value)) return value.map((one) => copyBounded(one, depth + 1));
  if (!isJsonObject(value)) return value;
  const out = {};
  for (const [key, one] of Object.entries(value)) setOwn(out, key, copyBounded(one, depth + 1));
  return out;
}
