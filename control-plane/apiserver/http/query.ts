import { type FieldError, fieldForbidden, fieldInvalid, fieldNotSupported, fieldTooLong } from '#api/field-error.ts';
import type { V1DeleteOptions } from '#api/generated/types.ts';
import type { FieldValidation } from '#api/schema/decode.ts';
import { badRequest, invalid } from '#api/status-error.ts';
import type { WatchQuery, WriteQuery } from '../registry/registry.ts';
import type { IncludeObject } from '../table/table.ts';

/** Only absence, `false` and `0` are false, as everywhere in Kubernetes' query strings. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  const why = Number.isNaN(value) ? 'invalid syntax' : 'value out of range';
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
}

const text = (query: URLSearchParams, name: string): string | undefined => query.get(name) || undefined;

export interface ListParameters extends WatchQuery {
  readonly watch: boolean;
  readonly timeoutSeconds?: number | undefined;
}

const noParameters: ListParameters = { watch: false };

/** Parameters of list, watch and deletecollection, checked as kube-apiserver checks ListOptions. */
export function listParameters(query: URLSearchParams, isWatch: boolean): ListParameters {
  if (query.size === 0) return isWatch ? { watch: true } : noParameters;
  const parameters: ListParameters = {
    watch: isWatch,
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    limit: integer(query, 'limit') || undefined,
    continue: text(query, 'continue'),
    resourceVersion: query.get('resourceVersion') ?? undefined,
    resourceVersionMatch: text(query, 'resourceVersionMatch'),
    allowWatchBookmarks: flag(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? flag(query, 'sendInitialEvents') : undefined,
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
  const errors = isWatch ? watchErrors(parameters) : listErrors(parameters);
  if (errors.length) throw invalid('ListOptions', 'meta.k8s.io', '', errors);
  return parameters;
}

function listErrors(parameters: ListParameters): FieldError[] {
  const { resourceVersion, resourceVersionMatch: match } = parameters;
  const errors: FieldError[] = [];
  if (parameters.sendInitialEvents !== undefined) {
    errors.push(fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if ((parameters.limit ?? 0) < 0) errors.push(fieldInvalid('limit', parameters.limit, 'must not be negative'));
  if (match === undefined) return errors;
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    return [...errors, fieldNotSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', ''])];
  }
  if (!resourceVersion) {
    errors.push(
      fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    );
  }
  if (parameters.continue) {
    errors.push(fieldForbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  }
  if (match === 'Exact' && resourceVersion === '0') {
    errors.push(
      fieldForbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
    );
  }
  return errors;
}

function watchErrors({ resourceVersionMatch: match, sendInitialEvents }: ListParameters): FieldError[] {
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    return match === undefined
      ? [
          fieldForbidden(
            'resourceVersionMatch',
            'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
          ),
        ]
      : [fieldNotSupported('resourceVersionMatch', match, ['NotOlderThan'])];
  }
  if (sendInitialEvents === undefined && match !== undefined) {
    return [
      fieldForbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ];
  }
  return [];
}

export interface WriteParameters extends WriteQuery {
  readonly fieldValidation: FieldValidation;
}

const plainWrite: WriteParameters = { fieldValidation: 'Warn' };

/** Parameters of create, update and patch; `options` is the kind's name in errors: CreateOptions, PatchOptions … */
export function writeParameters(query: URLSearchParams, options: string): WriteParameters {
  if (query.size === 0) return plainWrite;
  const errors: FieldError[] = [
    ...dryRunErrors(query.getAll('dryRun')),
    ...managerErrors(query.get('fieldManager') ?? ''),
  ];
  const asked = query.get('fieldValidation') || 'Warn';
  const fieldValidation = fieldValidations.find((known) => known === asked);
  if (!fieldValidation) errors.push(fieldNotSupported('fieldValidation', asked, fieldValidations));
  if (errors.length || !fieldValidation) throw invalid(options, 'meta.k8s.io', '', errors);
  return { dryRun: query.has('dryRun'), fieldManager: text(query, 'fieldManager'), fieldValidation };
}

const fieldValidations: readonly FieldValidation[] = ['Ignore', 'Strict', 'Warn'];

const dryRunErrors = (values: readonly string[]): FieldError[] =>
  values.every((value) => value === 'All') ? [] : [fieldNotSupported('dryRun', values, ['All'])];

function managerErrors(manager: string): FieldError[] {
  if (manager.length > 128) return [fieldTooLong('fieldManager', 128)];
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(manager)
    ? []
    : [fieldInvalid('fieldManager', manager, 'should only contain printable characters')];
}

/** DeleteOptions from the query, for a DELETE without a body. */
export function deleteOptionsFrom(query: URLSearchParams): V1DeleteOptions {
  if (query.size === 0) return {};
  return {
    ...(query.has('gracePeriodSeconds') && { gracePeriodSeconds: integer(query, 'gracePeriodSeconds') }),
    ...(query.has('orphanDependents') && { orphanDependents: flag(query, 'orphanDependents') }),
    ...(query.has('propagationPolicy') && { propagationPolicy: text(query, 'propagationPolicy') }),
    ...(query.has('dryRun') && { dryRun: query.getAll('dryRun') }),
  };
}

/** Throws 422 in Kubernetes' words for options that contradict themselves. */
export function checkDeleteOptions(options: V1DeleteOptions): void {
  const { propagationPolicy: policy, orphanDependents } = options;
  const errors: FieldError[] = [...dryRunErrors(options.dryRun ?? [])];
  if (policy !== undefined && orphanDependents !== undefined) {
    errors.push(
      fieldInvalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  if (policy !== undefined && !propagationPolicies.includes(policy)) {
    errors.push(fieldNotSupported('propagationPolicy', policy, propagationPolicies));
  }
  if (errors.length) throw invalid('DeleteOptions', 'meta.k8s.io', '', errors);
}

const propagationPolicies: readonly string[] = ['Background', 'Foreground', 'Orphan'];

/** `?includeObject=` of a Table request. */
export function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get('includeObject') || 'Metadata';
  if (asked === 'None' || asked === 'Metadata' || asked === 'Object') return asked;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(asked)}`);
}
