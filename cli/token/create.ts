import { randomInt, X509Certificate } from 'node:crypto';
import { formatJoinToken } from '#api/join-token.ts';
import { secrets } from '#api/kinds.ts';
import { isAlreadyExists } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import { type CliContext, CliError } from '../command.ts';
import { toRfc3339 } from '../time.ts';
import { parseDuration } from '../wait/duration.ts';
import { type TokenFields, tokenSecret } from './secret.ts';
import { serverAddress } from './server-address.ts';

export interface CreateFlags {
  readonly ttl: string;
  readonly description?: string;
  readonly server?: string;
  readonly output?: string;
}

/** Prints the line for the next machine on stdout, so that it can be piped; all else goes to stderr. */
export async function createToken(context: CliContext, client: HttpClient, flags: CreateFlags): Promise<void> {
  const ttlMs = parseDuration('--ttl', flags.ttl);
  if (ttlMs < 0) throw new CliError(`--ttl must not be negative, but is ${flags.ttl}`, { exitCode: 2 });
  if (ttlMs > ttlMaxMs) throw new CliError(`--ttl must be at most ten years, or 0: for ever`, { exitCode: 2 });
  if (flags.output) (await import('../printers/structured.ts')).structuredFormat(flags.output);
  const { ca } = client.access;
  if (ca === undefined) {
    throw new CliError('the kubeconfig does not name the authority of the cluster, which the next machine must know', {
      fix: 'Run it on the server, or use a kubeconfig with certificate-authority-data',
    });
  }
  const server = flags.server ?? (await serverAddress(client, context.signal));
  const endsMs = ttlMs === 0 ? undefined : context.clock.now() + ttlMs;
  const { id, secret } = await store(client, { description: flags.description, endsMs }, context.signal);
  const caHash = new X509Certificate(ca).fingerprint256.replaceAll(':', '').toLowerCase();
  const token = formatJoinToken({ id, secret, caHash });
  const line = `bin/berth join ${server} --token ${token}`;
  const expires = endsMs === undefined ? undefined : toRfc3339(endsMs);
  if (flags.output) {
    const { writeStructured } = await import('../printers/structured.ts');
    return writeStructured(context, flags.output, { id, token, server, command: line, expires });
  }
  context.stdout.write(`${line}\n`);
  const until = expires === undefined ? 'It does not end by itself' : `It is good until ${expires}`;
  context.stderr.write(
    `Run this line on the next machine, as root, in a folder with Berth in it. ${until}, for any number of machines; ` +
      `end it with: berth token revoke ${id}\n`,
  );
}

const attemptsMax = 5;
const ttlMaxMs = 10 * 366 * 86_400_000;

async function store(
  client: HttpClient,
  rest: Pick<TokenFields, 'description' | 'endsMs'>,
  signal: AbortSignal,
): Promise<{ id: string; secret: string }> {
  for (let attempt = 1; ; attempt++) {
    const fields = { id: randomText(6), secret: randomText(16), ...rest };
    try {
      await client.create(secrets, tokenSecret(fields), { signal });
      return fields;
    } catch (error) {
      if (!isAlreadyExists(error) || attempt === attemptsMax) throw error;
    }
  }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

const randomText = (length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
