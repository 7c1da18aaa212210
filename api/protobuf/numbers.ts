/**
 * The numbers of fields in Kubernetes' protobuf encoding: what the JSON schemas do not say. Per message one text of field
 * names, by number from 1 on; `-` for a number that is not in use. `name?`: absent and zero differ, so a zero is kept.
 * `&Message`: a message whose fields stand among those of its parent in JSON. Types come from the JSON schemas.
 */
import { accessNumbers } from './numbers/access.ts';
import { clusterNumbers } from './numbers/cluster.ts';
import { coreNumbers } from './numbers/core.ts';
import { metaNumbers } from './numbers/meta.ts';
import { workloadsNumbers } from './numbers/workloads.ts';

export interface NumberedField {
  readonly name: string;
  readonly keepsZero: boolean;
  /** Not a field of its own: the message's fields belong to the parent. */
  readonly isInline: boolean;
}

const tables: Readonly<Record<string, string>> = {
  ...metaNumbers,
  ...coreNumbers,
  ...workloadsNumbers,
  ...accessNumbers,
  ...clusterNumbers,
};

const parsed = new Map<string, readonly (NumberedField | undefined)[]>();

/** Index 0 is field number 1. Undefined: this message has no protobuf form here. */
export function numberedFields(message: string): readonly (NumberedField | undefined)[] | undefined {
  const known = parsed.get(message);
  if (known) return known;
  const text = Object.hasOwn(tables, message) ? tables[message] : undefined;
  if (text === undefined) return undefined;
  const fields = text.split(' ').map(parseField);
  parsed.set(message, fields);
  return fields;
}

function parseField(word: string): NumberedField | undefined {
  if (word === '-' || word === '') return undefined;
  if (word.startsWith('&')) return { name: word.slice(1), keepsZero: true, isInline: true };
  return { name: word.replace('?', ''), keepsZero: word.endsWith('?'), isInline: false };
}
