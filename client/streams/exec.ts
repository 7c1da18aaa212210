import type { V1Status } from '#api/generated/types.ts';
import type { ObjectKey } from '#api/meta.ts';
import { isJsonObject } from '#api/schema/record.ts';
import { internalError, serviceUnavailable } from '#api/status-error.ts';
import type { Clock } from '#base/clock.ts';
import type { ClusterAccess } from '../access.ts';
import { errorFromStatus } from '../http/response-error.ts';
import { channelProtocols, channels, decodeFrame, encodeEnd, encodeFrame } from './channels.ts';
import { type MessageSocket, openSocket } from './web-socket.ts';

export interface ExecRequest {
  readonly pod: ObjectKey;
  readonly container?: string | undefined;
  /** Absent: attach to the container's own process. */
  readonly command?: readonly string[] | undefined;
  readonly tty?: boolean | undefined;
}

export interface ExecStreams {
  /** Absent: the process has no standard input. */
  readonly stdin?: AsyncIterable<Buffer | string> | undefined;
  /** The next output is read when the promise has resolved. */
  readonly stdout?: ((data: Buffer) => void | Promise<void>) | undefined;
  /** With a tty everything comes on stdout. */
  readonly stderr?: ((data: Buffer) => void | Promise<void>) | undefined;
  /** The size of the terminal, first at once and then whenever it changes. */
  readonly sizes?: AsyncIterable<TerminalSize> | undefined;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecContext {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Runs a command in a container, or attaches to it, until it ends; resolves to its exit code.
 * Rejects with a StatusError when it could not be run or the connection broke, with the signal's reason when that aborts.
 */
export async function exec(context: ExecContext, request: ExecRequest, streams: ExecStreams): Promise<number> {
  const path = execPath(request, streams);
  const socket = await openSocket({ ...context, path, protocols: channelProtocols });
  const ended = new AbortController();
  const inputs = [
    pump(streams.stdin, ended.signal, (data) =>
      socket.send(encodeFrame(channels.stdin, typeof data === 'string' ? Buffer.from(data) : data)),
    ).then((all) => (all ? endInput(socket) : undefined)),
    pump(streams.sizes, ended.signal, ({ columns, rows }) =>
      socket.send(encodeFrame(channels.resize, JSON.stringify({ Width: columns, Height: rows }))),
    ),
  ];
  // A connection that is gone is told by the reading side.
  for (const input of inputs) input.catch(() => undefined);
  try {
    return await readOutput(socket, streams, context.signal);
  } finally {
    ended.abort();
    socket.close();
  }
}

function execPath({ pod, container, command, tty }: ExecRequest, streams: ExecStreams): string {
  const query = new URLSearchParams();
  for (const word of command ?? []) query.append('command', word);
  if (container) query.set('container', container);
  if (streams.stdin) query.set('stdin', 'true');
  if (streams.stdout) query.set('stdout', 'true');
  if (streams.stderr && !tty) query.set('stderr', 'true');
  if (tty) query.set('tty', 'true');
  const verb = command ? 'exec' : 'attach';
  return `/api/v1/namespaces/${encodeURIComponent(pod.namespace ?? '')}/pods/${encodeURIComponent(pod.name)}/${verb}?${query}`;
}

/** v4 has no way to say that the input has ended: there the process keeps waiting, as with every Kubernetes client. */
async function endInput(socket: MessageSocket): Promise<void> {
  if (socket.protocol === channelProtocols[0]) await socket.send(encodeEnd(channels.stdin));
}

/** Sends all there is; false when `ended` came first. The source is told to stop. */
async function pump<T>(
  source: AsyncIterable<T> | undefined,
  ended: AbortSignal,
  send: (item: T) => Promise<void>,
): Promise<boolean> {
  if (!source) return false;
  const items = source[Symbol.asyncIterator]();
  const stop = (): void => void items.return?.();
  ended.addEventListener('abort', stop, { once: true });
  try {
    for (let item = await items.next(); !item.done; item = await items.next()) {
      if (ended.aborted) return false;
      await send(item.value);
    }
    return !ended.aborted;
  } finally {
    ended.removeEventListener('abort', stop);
  }
}

async function readOutput(socket: MessageSocket, streams: ExecStreams, signal: AbortSignal): Promise<number> {
  for await (const message of socket.messages) {
    const frame = decodeFrame(message);
    if (!frame || (frame.data.length === 0 && frame.channel !== channels.error)) continue;
    if (frame.channel === channels.stdout) await streams.stdout?.(frame.data);
    else if (frame.channel === channels.stderr) await streams.stderr?.(frame.data);
    else if (frame.channel === channels.error) return exitCodeOf(frame.data);
  }
  signal.throwIfAborted();
  throw serviceUnavailable('the connection ended before the command did');
}

/** The last word of the server is a Status: success, an exit code, or why it could not be run. */
function exitCodeOf(data: Buffer): number {
  const status = parseStatus(data);
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find((one) => one.reason === 'ExitCode');
  const code = Number(cause?.message);
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code)) return code;
  throw errorFromStatus(status, 500);
}

function parseStatus(data: Buffer): V1Status {
  const text = data.toString();
  try {
    const value: unknown = JSON.parse(text);
    if (isStatus(value)) return value;
  } catch {
    // Some runtimes say it in plain words.
  }
  throw internalError(text || 'the server ended the command without a word');
}

const isStatus = (value: unknown): value is V1Status => isJsonObject(value) && typeof value.status === 'string';
