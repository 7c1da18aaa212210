import { bootstrapTokenType } from '#api/certificates.ts';
import { formatAge } from '#api/duration.ts';
import { secrets } from '#api/kinds.ts';
import type { HttpClient } from '#client/http-client.ts';
import type { CliContext } from '../command.ts';
import { formatTable } from '../printers/table.ts';
import { toRfc3339 } from '../time.ts';
import { readTokenSecret, tokenNamespace } from './secret.ts';

const columns = ['ID', 'ENDS IN', 'AGE', 'DESCRIPTION'].map((name) => ({ name, wide: false }));

export async function listTokens(context: CliContext, client: HttpClient, output: string | undefined): Promise<void> {
  const { items } = await client.list(secrets, {
    namespace: tokenNamespace,
    fieldSelector: `type=${bootstrapTokenType}`,
    signal: context.signal,
  });
  const nowMs = context.clock.now();
  const tokens = items
    .flatMap((secret) => readTokenSecret(secret) ?? [])
    .filter(({ endsMs }) => endsMs === undefined || endsMs > nowMs);
  if (output) {
    const { writeStructured } = await import('../printers/structured.ts');
    const shown = tokens.map(({ id, description, createdMs, endsMs }) => ({
      id,
      description,
      created: toRfc3339(createdMs),
      expires: endsMs === undefined ? undefined : toRfc3339(endsMs),
    }));
    return writeStructured(context, output, shown);
  }
  if (tokens.length === 0) {
    context.stderr.write('There are no tokens. Make one with: berth token create\n');
    return;
  }
  const rows = tokens.map(({ id, description, createdMs, endsMs }) => [
    id,
    endsMs === undefined ? 'never' : formatAge(endsMs - nowMs),
    formatAge(nowMs - createdMs),
    description || '-',
  ]);
  context.stdout.write(formatTable(columns, rows, { wide: false, headers: true }));
}
