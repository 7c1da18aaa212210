import type { KubeObject } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import type { Strategy } from '#api/strategy.ts';
import type {
  ResourceDefinition,
  ResourceVerb,
  ResourceView,
  SubresourceDefinition,
  TableColumn,
} from '../apiserver/resource-definition.ts';
import { ageColumn, nameColumn } from './columns.ts';

export const allVerbs: readonly ResourceVerb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export interface ResourceOptions<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** Under /registry; default: the resource's name. */
  readonly storagePath?: string;
  /** Default: all of them. */
  readonly verbs?: readonly ResourceVerb[];
  /** Default: a kind without behaviour. */
  readonly strategy?: Strategy<T>;
  /** Default: none. */
  readonly subresources?: readonly SubresourceDefinition[];
  /** Default: Name and Age. */
  readonly columns?: readonly TableColumn<T>[];
  readonly ttlSeconds?: number;
  readonly readSeldom?: boolean;
  readonly viewOf?: ResourceView<T>;
}

/** Fills in what a definition leaves out; throws, naming the resource, when the result contradicts itself. */
export function defineResource<T extends KubeObject>(options: ResourceOptions<T>): ResourceDefinition<T> {
  const definition: ResourceDefinition<T> = {
    ...options,
    storagePath: options.storagePath ?? options.type.resource,
    verbs: options.verbs ?? allVerbs,
    strategy: options.strategy ?? {},
    subresources: options.subresources ?? [],
    columns: options.columns ?? [nameColumn(), ageColumn()],
  };
  const problem = problemOf(definition);
  if (problem) {
    const { group, version, resource } = options.type;
    throw new Error(`resource ${[group, version, resource].filter(Boolean).join('/')} is not well defined: ${problem}`);
  }
  return definition;
}

function problemOf(definition: ResourceDefinition): string | undefined {
  const { type, verbs, columns, subresources, strategy, storagePath, ttlSeconds } = definition;
  if (!type.resource || !type.kind || !type.version || !type.singular) return 'its type lacks a name';
  if (!type.model) return 'its type names no schema';
  if (verbs.length === 0) return 'it has no verbs';
  if (!storagePath || storagePath.startsWith('/') || storagePath.endsWith('/'))
    return 'its storage path is not relative';
  if (verbs.includes('list') && !columns.some((column) => column.name === 'Name')) return 'it has no column Name';
  const doubled = firstDouble(columns.map((column) => column.name)) ?? firstDouble(subresources.map((one) => one.name));
  if (doubled !== undefined) return `${doubled} is declared twice`;
  const unverbed = subresources.find((one) => one.verbs.length === 0);
  if (unverbed) return `subresource ${unverbed.name} has no verbs`;
  const bodyless = subresources.find((one) => (one.style === 'scale' || one.style === 'action') && !one.body);
  if (bodyless) return `subresource ${bodyless.name} names no kind for its body`;
  if (ttlSeconds !== undefined && !(ttlSeconds > 0)) return 'its time to live is not positive';
  if (strategy.validateStatus && !subresources.some((one) => one.name === 'status'))
    return 'it validates a status it has not';
  return undefined;
}

function firstDouble(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}
