import type { ObjectKey } from '#api/meta.ts';
import { internalError } from '#api/status-error.ts';
import { decodeFrame, encodeFrame } from './channels.ts';
import type { ExecContext } from './exec.ts';
import { openSocket } from './web-socket.ts';

/** One connection to a port inside a pod. */
export interface ForwardedConnection {
  /** What the pod sends. Ends when the pod closes; throws a StatusError when the port cannot be reached. */
  readonly data: AsyncIterable<Buffer>;
  send(data: Buffer): Promise<void>;
  /** Ends both directions. Idempotent. */
  close(): void;
}

const dataChannel = 0;
const errorChannel = 1;
/** Both channels begin with the port's number, two bytes, to tell which they belong to. */
const headBytes = 2;

/** Connects to `port` of the pod. Each connection is a WebSocket of its own: this protocol cannot share one. */
export async function forwardPort(context: ExecContext, pod: ObjectKey, port: number): Promise<ForwardedConnection> {
  const namespace = encodeURIComponent(pod.namespace ?? '');
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(pod.name)}/portforward?ports=${port}`;
  const socket = await openSocket({ ...context, path, protocols: ['v4.channel.k8s.io'] });
  return {
    data: read(socket.messages, port),
    send: (data) => socket.send(encodeFrame(dataChannel, data)),
    close: socket.close,
  };
}

async function* read(messages: AsyncIterable<Buffer>, port: number): AsyncGenerator<Buffer> {
  const headLeft = new Map([
    [dataChannel, headBytes],
    [errorChannel, headBytes],
  ]);
  for await (const message of messages) {
    const frame = decodeFrame(message);
    if (!frame) continue;
    const skip = Math.min(headLeft.get(frame.channel) ?? 0, frame.data.length);
    headLeft.set(frame.channel, (headLeft.get(frame.channel) ?? 0) - skip);
    const data = frame.data.subarray(skip);
    if (data.length === 0) continue;
    if (frame.channel === errorChannel)
      throw internalError(`cannot forward to port ${port}: ${data.toString().trim()}`);
    if (frame.channel === dataChannel) yield data;
  }
}
