import { StatusError } from '#api/status-error.ts';
import type { HttpClient } from '#client/http-client.ts';
import type { CliContext } from '../command.ts';

/** Whether the API server can be reached and is ready; what it answers otherwise does not matter. */
export async function serverAnswers(client: HttpClient, context: CliContext): Promise<boolean> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(answerMaxMs)]);
  try {
    const response = await client.transport.request({ method: 'GET', path: '/readyz', signal });
    await response.body.text();
    return true;
  } catch (error) {
    context.signal.throwIfAborted();
    // A server that knows us but refuses is there; one that is not ready is not.
    return error instanceof StatusError && error.code < 500;
  }
}

const answerMaxMs = 10_000;
