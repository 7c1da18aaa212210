import { pods } from '#api/kinds.ts';
import { networkError } from '#client/http/transport.ts';
import { objectPath, withQuery } from '#client/http/urls.ts';
import type { HttpClient } from '#client/http-client.ts';
import type { LogQuery } from './query.ts';
import type { LogSource } from './sources.ts';

/** The bytes of one log. Throws a StatusError; ends quietly when `signal` aborts. */
export async function* readLog(
  client: HttpClient,
  { pod, container }: LogSource,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { namespace, name } = pod.metadata;
  const path = withQuery(objectPath(pods, { namespace, name }, 'log'), { container, ...query });
  try {
    const response = await client.transport.request({ method: 'GET', path, accept: '*/*', stream: true, signal });
    for await (const chunk of response.body) yield chunk;
  } catch (error) {
    if (!signal.aborted) throw networkError(error, client.access.server, signal);
  }
}
