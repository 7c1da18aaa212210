/**
 * How lists and maps of the models merge: what the generated schemas do not say. The tables in merge-facts/ hold one
 * short text per field: `<list or map type>+<patch strategy> <key fields>`, for example `map+merge name`. The first key
 * field is the one that strategic merge patches use. `self` says it of the model's own objects.
 */
import { coreFacts } from './merge-facts/core.ts';
import { groupFacts } from './merge-facts/groups.ts';

export interface MergeFact {
  readonly type?: 'atomic' | 'set' | 'map' | 'granular';
  /** Strategies of strategic merge patches; a list without `merge` is replaced. */
  readonly merge: boolean;
  readonly retainKeys: boolean;
  readonly replace: boolean;
  /** Identify an entry of a list of type map; the first is the patch merge key. */
  readonly keys: readonly string[];
}

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

const tables: Table = { ...coreFacts, ...groupFacts };

/** `model` as in api/generated/schemas.json (`V1PodSpec`); undefined where nothing is declared. */
export function mergeFactOf(model: string, field: string): MergeFact | undefined {
  const facts = Object.hasOwn(tables, model) ? tables[model] : undefined;
  const text = facts && Object.hasOwn(facts, field) ? facts[field] : undefined;
  return text === undefined ? undefined : parse(text);
}

/** Are objects of this model replaced whole, never merged, by server-side apply? */
export const isAtomicModel = (model: string): boolean => mergeFactOf(model, 'self')?.type === 'atomic';

function parse(text: string): MergeFact {
  const [head = '', ...keys] = text.split(' ');
  const [type = '', strategies = ''] = head.split('+');
  const names = strategies.split(',');
  return {
    ...(type === 'atomic' || type === 'set' || type === 'map' || type === 'granular' ? { type } : {}),
    merge: names.includes('merge'),
    retainKeys: names.includes('retainKeys'),
    replace: names.includes('replace'),
    keys,
  };
}
