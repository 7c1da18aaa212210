import type { KubeObject } from '#api/meta.ts';
import type { Strategy, StrategyContext } from '#api/strategy.ts';
import { semanticallyEqual } from '#api/validation/equal.ts';

/** What most kinds with a spec and a status have in common. */
interface SpecAndStatus extends KubeObject {
  spec?: unknown;
  status?: unknown;
}

export interface StatusOptions<T extends SpecAndStatus> {
  /** The status of a new object; default `{}`, as an empty struct is written. */
  readonly emptyStatus?: () => NonNullable<T['status']>;
  /** Count changes of the spec in metadata.generation. Default true. */
  readonly generation?: boolean;
}

/**
 * A strategy by which users write the spec and controllers the status: a new object has an empty status, PUT keeps the
 * status, /status keeps the spec, and the generation counts changes of the spec. `hooks` run after that.
 */
export function specAndStatus<T extends SpecAndStatus>(
  hooks: Strategy<T>,
  options: StatusOptions<T> = {},
): Strategy<T> {
  const counts = options.generation ?? true;
  return {
    ...hooks,
    prepareForCreate(object: T, context: StrategyContext) {
      object.status = options.emptyStatus?.() ?? {};
      if (counts) setGeneration(object, 1);
      hooks.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object: T, old: T, context: StrategyContext) {
      if (context.subresource === 'status') object.spec = old.spec;
      // A binding sets the node and says so in a condition, in one write.
      else if (context.subresource !== 'binding') object.status = old.status;
      hooks.prepareForUpdate?.(object, old, context);
      if (counts) countChange(object, old, object.spec, old.spec);
    },
  };
}

/** For kinds without a status whose every field counts as spec. */
export function generationOf<T extends KubeObject>(contents: (object: T) => unknown, hooks: Strategy<T>): Strategy<T> {
  return {
    ...hooks,
    prepareForCreate(object: T, context: StrategyContext) {
      setGeneration(object, 1);
      hooks.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object: T, old: T, context: StrategyContext) {
      hooks.prepareForUpdate?.(object, old, context);
      countChange(object, old, contents(object), contents(old));
    },
  };
}

function countChange(object: KubeObject, old: KubeObject, contents: unknown, before: unknown): void {
  const generation = old.metadata?.generation ?? 0;
  setGeneration(object, semanticallyEqual(contents, before) ? generation : generation + 1);
}

function setGeneration(object: KubeObject, generation: number): void {
  object.metadata = { ...object.metadata, ...(generation > 0 && { generation }) };
}
