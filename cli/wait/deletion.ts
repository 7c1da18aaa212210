import type { HttpClient } from '#client/http-client.ts';
import { type CliContext, CliError } from '../command.ts';
import type { Selected } from '../resources/select.ts';
import { parseDuration } from './duration.ts';
import { watchObject } from './watch-object.ts';

/** Until each of them is gone, or another with its name has taken its place. Throws a CliError after the time-out. */
export async function waitForDeletion(
  context: CliContext,
  client: HttpClient,
  deleted: readonly (Selected & { readonly uid: string | undefined })[],
  timeout: string,
): Promise<void> {
  const timeoutMs = parseDuration('--timeout', timeout);
  for (const { type, key, uid } of deleted) {
    const gone = await watchObject(
      context,
      client,
      type,
      key,
      (object) => !object || object.metadata.uid !== uid,
      timeoutMs > 0 ? timeoutMs : undefined,
    );
    if (!gone) throw new CliError(`timed out waiting for the deletion of ${type.resource}/${key.name}`);
  }
}
