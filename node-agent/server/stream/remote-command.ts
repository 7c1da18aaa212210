/** exec and attach: a WebSocket's channels become the streams of a SPDY session with the runtime. */
import type { WebSocket } from 'ws';
import type { SpdySession, SpdyStream, StreamHandler } from '../spdy/session.ts';
import type { ChannelCodec } from './channels.ts';
import { joinSocket } from './socket.ts';

export interface StreamSet {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** What the runtime's streaming server must be asked for, so that the error stream carries a Status with the exit code. */
export const remoteCommandProtocol = 'v4.channel.k8s.io';

export function bridgeRemoteCommand(
  socket: WebSocket,
  session: SpdySession,
  codec: ChannelCodec,
  streams: StreamSet,
): void {
  let stdin: SpdyStream | undefined;
  let resize: SpdyStream | undefined;

  const client = joinSocket(socket, session, codec, (message) => {
    const stream =
      message.channel === channels.stdin ? stdin : message.channel === channels.resize ? resize : undefined;
    if (message.kind === 'close') return stream?.end();
    // An empty message only says that the channel exists.
    if (message.data.length > 0 && stream && !stream.write(message.data)) client.pauseClient();
  });
  const to = (channel: number): StreamHandler => ({ onData: (data) => client.send(channel, data), onEnd() {} });
  const nowhere: StreamHandler = { onData() {}, onEnd() {} };

  // The runtime begins when it has seen all the streams that it was told to expect.
  session.open({ streamtype: 'error' }, to(channels.error));
  if (streams.stdin) stdin = session.open({ streamtype: 'stdin' }, nowhere);
  if (streams.stdout) session.open({ streamtype: 'stdout' }, to(channels.stdout));
  if (streams.stderr && !streams.tty) session.open({ streamtype: 'stderr' }, to(channels.stderr));
  if (streams.tty) resize = session.open({ streamtype: 'resize' }, nowhere);

  // Clients wait for a first message before they believe that the session stands.
  const first = streams.stdout ? channels.stdout : streams.stderr ? channels.stderr : channels.error;
  client.send(first, Buffer.alloc(0));
}
