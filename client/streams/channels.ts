/**
 * Kubernetes' framing of several streams on one WebSocket: the first byte of each binary message names the channel.
 * v5 differs from v4 in that one side can end a channel.
 */
export const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** A message on it ends the channel that its one byte of data names. */
const endChannel = 255;

export interface Frame {
  readonly channel: number;
  readonly data: Buffer;
}

export const encodeFrame = (channel: number, data: Buffer | string): Buffer =>
  Buffer.concat([Buffer.of(channel), typeof data === 'string' ? Buffer.from(data) : data]);

export const encodeEnd = (channel: number): Buffer => Buffer.of(endChannel, channel);

/** Undefined for an empty message, which means nothing. */
export const decodeFrame = (message: Buffer): Frame | undefined => {
  const [channel] = message;
  return channel === undefined ? undefined : { channel, data: message.subarray(1) };
};
