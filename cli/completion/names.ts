import { pods } from '#api/kinds.ts';
import type { ClientFlags } from '../client-flags.ts';
import type { CliContext } from '../command.ts';
import { type Connection, withConnection } from '../connection.ts';
import { fetchTable } from '../get/table.ts';
import { containersOf } from '../resources/containers-of.ts';

/** What the server knows by name; `flags` say which server and which namespace. */
export function createObjectNames(context: CliContext, flags: ClientFlags) {
  const ask = <T>(question: (connection: Connection) => Promise<T>): Promise<T> =>
    withConnection(context, flags, question);
  return {
    of: (typeName: string): Promise<readonly string[]> =>
      ask(async ({ client, mapper, namespace }) => {
        const type = await mapper.resolve(typeName);
        const scope = type.namespaced ? namespace : undefined;
        const { rows } = await fetchTable(client, type, { namespace: scope }, context.signal);
        return rows.map(({ name }) => name);
      }),
    types: (): Promise<readonly string[]> =>
      ask(async ({ mapper }) => [...(await mapper.everything()).map(({ resource }) => resource), 'all']),
    containers: (pod: string): Promise<readonly string[]> =>
      ask(async ({ client, namespace }) => {
        const name = pod.replace(/^pods?\//, '');
        return containersOf(await client.get(pods, { namespace, name }, { signal: context.signal })).map(
          (one) => one.name,
        );
      }),
  };
}
