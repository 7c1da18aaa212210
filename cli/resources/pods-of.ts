import type { V1LabelSelector, V1Pod } from '#api/generated/types.ts';
import { pods } from '#api/kinds.ts';
import type { Stored } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { formatLabelSelector, fromLabelSelectorObject } from '#api/selectors/labels.ts';
import { isStored } from '#client/stored.ts';
import { CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import type { Selected } from './select.ts';

/** `web-1` is a pod; `deploy/web` and `service/web` stand for the pods that they select. */
export async function parsePodOwner(connection: Connection, word: string): Promise<Selected> {
  const [typeName = '', name = '', ...rest] = word.split('/');
  const { namespace } = connection;
  if (rest.length > 0 || word.endsWith('/') || word.startsWith('/')) {
    throw new CliError(`${JSON.stringify(word)} must be POD or TYPE/NAME`, { exitCode: 2 });
  }
  if (!name) return { type: pods, key: { namespace, name: typeName } };
  const type = await connection.mapper.resolve(typeName);
  return { type, key: { namespace: type.namespaced ? namespace : undefined, name } };
}

/** The pod itself, or all that the object's selector picks. Throws a CliError for a kind without a selector. */
export async function podsOf(
  { client }: Connection,
  { type, key }: Selected,
  signal: AbortSignal,
): Promise<Stored<V1Pod>[]> {
  const object = await client.get(type, key, { signal });
  if (isStored(pods, object)) return [object];
  const labelSelector = selectorOf(type, object);
  return (await client.list(pods, { namespace: key.namespace, labelSelector, signal })).items;
}

function selectorOf(type: ResourceType, object: object): string {
  const spec: unknown = Reflect.get(object, 'spec');
  const selector = isJsonObject(spec) ? spec.selector : undefined;
  if (!isJsonObject(selector) || Object.keys(selector).length === 0) {
    throw new CliError(`${type.singular} selects no pods`, {
      fix: 'Name a pod, or something that has pods: deployment/NAME, service/NAME, …',
    });
  }
  // Services and replication controllers have the labels alone.
  const full: V1LabelSelector = isLabelSelector(selector) ? selector : { matchLabels: texts(selector) };
  return formatLabelSelector(fromLabelSelectorObject(full));
}

const isLabelSelector = (value: Record<string, unknown>): boolean =>
  isJsonObject(value.matchLabels) || Array.isArray(value.matchExpressions);

const texts = (map: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]));

/** The one to talk to when any of them will do: one that runs and is ready, rather than one that is just starting or ending. */
export function choosePod(candidates: readonly Stored<V1Pod>[], { type, key }: Selected): Stored<V1Pod> {
  const [best] = [...candidates].sort((a, b) => rank(b) - rank(a));
  if (best) return best;
  throw new CliError(`${type.singular} ${JSON.stringify(key.name)} has no pods`, {
    fix: `See why with: berth describe ${type.singular}/${key.name}`,
  });
}

function rank({ metadata, status }: Stored<V1Pod>): number {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return (metadata.deletionTimestamp ? 0 : 4) + (status?.phase === 'Running' ? 2 : 0) + (ready ? 1 : 0);
}
