import { StatusError } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Transport } from '#client/http/transport.ts';

/**
 * Whether the server takes this machine for a node of its cluster. One that was removed is told so with 401, to each of its requests
 * and for ever: it says that once, in words that help, and asks again now and then only. What runs is looked after meanwhile.
 */
export interface Acceptance {
  /** The same transport; while the machine is refused, most requests are answered here with what the server said last. */
  guard(transport: Transport): Transport;
  /** The same log, without what only repeats that the machine is refused. */
  quiet(log: Log): Log;
  /** What the server says, for as long as it refuses. */
  readonly refusal: StatusError | undefined;
}

export interface AcceptanceOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** Refused for so long, and never accepted meanwhile: it is meant. */
const certainMs = 5_000;
const retryMs = 30_000;

export function createAcceptance({ clock, log }: AcceptanceOptions): Acceptance {
  let sinceMs: number | undefined;
  let refusal: StatusError | undefined;
  let nextMs = 0;

  const refused = (error: StatusError): void => {
    const nowMs = clock.monotonicMs();
    sinceMs ??= nowMs;
    if (refusal === undefined && nowMs - sinceMs < certainMs) return;
    if (refusal === undefined) log.error({ why: error.message, fix, retryMs }, 'the server refuses this machine');
    refusal = error;
    nextMs = nowMs + retryMs;
  };

  const accepted = (): void => {
    sinceMs = undefined;
    if (refusal === undefined) return;
    refusal = undefined;
    log.info({}, 'the server accepts this machine again');
  };

  const quiet = (inner: Log): Log => {
    const isNews = (fields: object): boolean =>
      refusal === undefined || (!isUnauthorized(field(fields, 'err')) && field(fields, 'why') !== refusal.message);
    return {
      debug: (fields, message) => inner.debug(fields, message),
      info: (fields, message) => void (isNews(fields) && inner.info(fields, message)),
      warn: (fields, message) => void (isNews(fields) && inner.warn(fields, message)),
      error: (fields, message) => void (isNews(fields) && inner.error(fields, message)),
      child: (fields) => quiet(inner.child(fields)),
    };
  };

  return {
    get refusal() {
      return refusal;
    },
    quiet,
    guard: (transport) => ({
      ...transport,
      async request(raw) {
        if (refusal !== undefined) {
          const nowMs = clock.monotonicMs();
          if (nowMs < nextMs) throw refusal;
          // This one asks for all.
          nextMs = nowMs + retryMs;
        }
        try {
          const response = await transport.request(raw);
          if (response.status !== unauthorizedCode && response.status < 500) accepted();
          return response;
        } catch (error) {
          if (isUnauthorized(error)) refused(error);
          // What the network says is told as 5xx, too.
          else if (error instanceof StatusError && error.code < 500 && error.code !== timeoutCode) accepted();
          throw error;
        }
      },
    }),
  };
}

const unauthorizedCode = 401;
const timeoutCode = 408;

const fix =
  'if it was removed from the cluster, clean it with: berth leave. To use it again, join anew with the line that the server ' +
  'prints for: berth token create';

const isUnauthorized = (error: unknown): error is StatusError =>
  error instanceof StatusError && error.code === unauthorizedCode;

const field = (value: object, name: string): unknown => Reflect.get(value, name);
