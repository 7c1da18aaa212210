/** What a strategic merge patch needs to know of a field: its strategies and the model behind it. */
import { type MergeFact, mergeFactOf } from '../merge-facts.ts';
import { type Plan, planOf } from '../schema/plan.ts';

/** `undefined`: a part of the document without a model (free maps, unknown fields): maps merge, lists are replaced. */
export type Scope = Plan | undefined;

export interface FieldKind {
  /** The model of the map itself, or of a list's entries. */
  readonly inner: Scope;
  readonly merge: boolean;
  readonly retainKeys: boolean;
  readonly replace: boolean;
  /** Empty for lists of plain values. */
  readonly mergeKey: string;
}

const plain: FieldKind = { inner: undefined, merge: false, retainKeys: false, replace: false, mergeKey: '' };

export function fieldKind(scope: Scope, field: string): FieldKind {
  if (scope?.kind === 'map') return { ...plain, inner: innerOf(scope.items) };
  if (scope?.kind !== 'model') return plain;
  const plan = planOf(scope.model).fields.get(field);
  if (!plan) return plain;
  const fact: MergeFact | undefined = mergeFactOf(scope.model, field);
  return {
    inner: innerOf(plan),
    merge: fact?.merge ?? false,
    retainKeys: fact?.retainKeys ?? false,
    replace: fact?.replace ?? false,
    mergeKey: fact?.keys[0] ?? '',
  };
}

const innerOf = (plan: Plan): Scope => (plan.kind === 'list' ? plan.items : plan);
