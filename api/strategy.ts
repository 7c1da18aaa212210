import type { FieldError } from './field-error.ts';
import type { KubeObject } from './meta.ts';

/** What a hook may ask of the request; everything that is not in the object itself. */
export interface StrategyContext {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** The subresource that is written, or undefined for the object itself. */
  readonly subresource?: string | undefined;
}

/**
 * What is particular about one kind, in the order the registry calls it: default → prepare → validate → warn.
 * All hooks are pure apart from the mutation that `default` and `prepare…` are for: they may change `object`, which
 * belongs to the request, and never `old`, which is the frozen cached object. Validation must not change anything.
 * A missing hook does nothing.
 */
export interface Strategy<T extends KubeObject> {
  /** Fills in what the user left out, as kube-apiserver does. Runs on every decoded object, and must be idempotent. */
  default?(object: T): void;
  /** Drops what a user may not set at creation (status), sets generation and the like. */
  prepareForCreate?(object: T, context: StrategyContext): void;
  /** Keeps what a user may not change (status on the main resource, spec on /status), bumps generation. */
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  /** `metadata` itself (names, labels, annotations, owners) is checked by the registry. */
  validate?(object: T, context: StrategyContext): FieldError[];
  /** Called after `validate`, with the immutability rules. */
  validateUpdate?(object: T, old: T, context: StrategyContext): FieldError[];
  /** Replaces `validate` and `validateUpdate` for writes to /status. */
  validateStatus?(object: T, old: T, context: StrategyContext): FieldError[];
  warnings?(object: T, old: T | undefined, context: StrategyContext): string[];
  /** How names of this kind are checked; default: DNS subdomain. */
  readonly nameRule?: 'dns-subdomain' | 'dns-label' | 'dns-1035-label' | 'path-segment';
  /** May PUT create the object when it is not there (leases, nodes' own …)? Default no. */
  readonly allowCreateOnUpdate?: boolean;
  /** May PUT omit the resourceVersion? Default yes, as most kinds. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Seconds to keep a terminating object when a DELETE says nothing; undefined: delete at once (pods: 30 from spec). */
  gracePeriodSeconds?(object: T, requested: number | undefined): number | undefined;
  /** Extra fields that field selectors may name, besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, SelectableField<T>>>;
  /** Default for DELETE's propagationPolicy; default Background. */
  readonly defaultPropagation?: 'Background' | 'Orphan';
}

/** Reads one field for field selectors; a method type, so that a definition of one kind fits a list of all kinds. */
export type SelectableField<T extends KubeObject> = { read(object: T): string }['read'];
