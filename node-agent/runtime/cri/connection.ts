import { Client, type ClientDuplexStream, credentials, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import type { Clock } from '#base/clock.ts';
import { RuntimeError } from '../errors.ts';
import { toRuntimeError } from './errors.ts';

export type UnaryMethod<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** More metadata of the call, as containerd's lease. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** One channel to the runtime's socket. It reconnects by itself; calls made meanwhile fail at once with `unavailable`. */
export interface Connection {
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response>;
  /** Server streaming. Ends when the signal aborts; throws a RuntimeError when the connection ends. */
  stream<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): AsyncGenerator<Response, void, undefined>;
  /** Streams both ways. The caller handles the stream's events, and turns its errors into RuntimeErrors. */
  duplex<Request, Response>(
    method: UnaryMethod<Request, Response>,
    headers?: Readonly<Record<string, string>>,
  ): ClientDuplexStream<Request, Response>;
  close(): void;
}

/** Two execSync outputs of 16 MiB each, and room for the rest of the message. */
const messageBytesMax = 48 * 2 ** 20;

/** containerd is up again within about a second; gRPC's default of up to two minutes would keep a node down for that long. */
const reconnect = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 1000 };

export function createConnection(socketPath: string, clock: Clock): Connection {
  const client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
    ...reconnect,
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': messageBytesMax,
  });
  let closed = false;

  return {
    call: (method, request, { timeoutMs, signal, headers }) =>
      new Promise((resolve, reject) => {
        const rpc = nameOf(method.path);
        if (closed) return reject(new RuntimeError('unavailable', `${rpc}: the connection is closed`));
        if (signal?.aborted) return reject(toRuntimeError(signal.reason, rpc, signal));
        const onAbort = () => call.cancel();
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata(headers),
          Number.isFinite(timeoutMs) ? { deadline: clock.now() + timeoutMs } : {},
          (error, response) => {
            signal?.removeEventListener('abort', onAbort);
            if (error) reject(toRuntimeError(error, rpc, signal));
            else if (response === undefined) reject(new RuntimeError('failed', `${rpc}: empty answer`));
            else resolve(response);
          },
        );
        signal?.addEventListener('abort', onAbort, { once: true });
      }),

    async *stream(method, request, signal) {
      const rpc = nameOf(method.path);
      if (closed) throw new RuntimeError('unavailable', `${rpc}: the connection is closed`);
      if (signal.aborted) return;
      const call = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadata(),
      );
      const onAbort = () => call.cancel();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        yield* call;
      } catch (error) {
        if (!signal.aborted) throw toRuntimeError(error, rpc);
      } finally {
        signal.removeEventListener('abort', onAbort);
        call.cancel();
      }
    },

    duplex: (method, headers) =>
      client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, metadata(headers)),

    close() {
      closed = true;
      client.close();
    },
  };
}

/** containerd's own services need a namespace; its CRI ignores the header. */
function metadata(more: Readonly<Record<string, string>> = {}): Metadata {
  const headers = new Metadata();
  headers.set('containerd-namespace', 'k8s.io');
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return headers;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
