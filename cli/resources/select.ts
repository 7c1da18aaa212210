import type { KubeObject, ObjectKey } from '#api/meta.ts';
import type { ResourceType } from '#api/resource-type.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Connection } from '../connection.ts';
import { readManifests } from '../manifests/read.ts';
import { parseTargets } from './targets.ts';

/** One object that a verb is to act on. */
export interface Selected {
  readonly type: ResourceType;
  readonly key: ObjectKey;
}

export interface SelectFlags {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly all?: boolean;
  readonly allNamespaces?: boolean;
}

/**
 * The objects that the words, files and selectors of a command line mean. Throws a CliError when they mean none on
 * purpose: a kind without names, selector or --all.
 */
export async function selectObjects(
  context: CliContext,
  connection: Connection,
  words: readonly string[],
  flags: SelectFlags,
): Promise<Selected[]> {
  if (flags.filename) return selectFromFiles(context, connection, flags);
  const targets = await parseTargets(words, connection.mapper);
  const selected: Selected[] = [];
  for (const { type, name } of targets) {
    const namespace = type.namespaced && !flags.allNamespaces ? connection.namespace : undefined;
    if (name !== undefined) selected.push({ type, key: { namespace, name } });
    else selected.push(...(await selectAll(connection, type, namespace, flags, context.signal)));
  }
  return selected;
}

async function selectFromFiles(context: CliContext, connection: Connection, flags: SelectFlags): Promise<Selected[]> {
  const manifests = await readManifests(flags.filename ?? [], context, { recursive: flags.recursive });
  return Promise.all(
    manifests.map(async ({ object }) => {
      const type = await connection.mapper.forObject(object);
      const namespace = type.namespaced ? (object.metadata?.namespace ?? connection.namespace) : undefined;
      return { type, key: { namespace, name: object.metadata?.name ?? '' } };
    }),
  );
}

async function selectAll(
  connection: Connection,
  type: ResourceType,
  namespace: string | undefined,
  flags: SelectFlags,
  signal: AbortSignal,
): Promise<Selected[]> {
  const { selector: labelSelector, fieldSelector } = flags;
  if (!labelSelector && !fieldSelector && !flags.all) {
    throw new CliError('resource(s) were provided, but no name was specified', {
      exitCode: 2,
      fix: 'Name the objects, or pick them with -l, or say --all',
    });
  }
  const list = await connection.client.list(type, { namespace, labelSelector, fieldSelector, signal });
  return list.items.map((item) => ({ type, key: keyOf(item) }));
}

export const keyOf = (object: KubeObject): ObjectKey => ({
  namespace: object.metadata?.namespace,
  name: object.metadata?.name ?? '',
});
