import { bootstrapTokenPrefix } from '#api/certificates.ts';
import { secrets } from '#api/kinds.ts';
import { isNotFound } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import { type CliContext, CliError } from '../command.ts';
import { tokenNamespace } from './secret.ts';

export async function revokeTokens(context: CliContext, client: HttpClient, given: readonly string[]): Promise<void> {
  // All are looked at before the first one ends.
  const ids = given.map(idOf);
  for (const id of ids) {
    const key = { namespace: tokenNamespace, name: `${bootstrapTokenPrefix}${id}` };
    try {
      await client.delete(secrets, key, { signal: context.signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      throw new CliError(`there is no token ${id}: it has ended, or was revoked before`, {
        fix: 'See those that are good with: berth token list',
        cause: error,
      });
    }
    context.stdout.write(`token ${id} revoked\n`);
  }
}

/** The secret parts of a token that was given whole are not repeated. */
function idOf(text: string): string {
  const [id = ''] = text.split('.');
  if (/^[a-z0-9]{6}$/.test(id)) return id;
  throw new CliError('the id of a token is 6 small letters and digits', {
    exitCode: 2,
    fix: 'See them with: berth token list',
  });
}
