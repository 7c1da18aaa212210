/** How the streams of one session share a WebSocket: each message begins with the number of its stream. */

export interface ChannelCodec {
  encode(channel: number, data: Buffer): Buffer | string;
  /** Undefined for what is not a message of this protocol. */
  decode(message: Buffer, isBinary: boolean): ChannelMessage | undefined;
}

export type ChannelMessage =
  | { readonly kind: 'data'; readonly channel: number; readonly data: Buffer }
  /** The sender closed one stream; only v5 can say so. */
  | { readonly kind: 'close'; readonly channel: number };

const closeSignal = 255;
/** `0` */
const digitZero = 0x30;

function binary(knowsClose: boolean): ChannelCodec {
  return {
    encode: (channel, data) => Buffer.concat([Buffer.of(channel), data]),
    decode(message) {
      const channel = message[0];
      if (channel === undefined) return undefined;
      if (knowsClose && channel === closeSignal) {
        const closed = message[1];
        return message.length === 2 && closed !== undefined ? { kind: 'close', channel: closed } : undefined;
      }
      return { kind: 'data', channel, data: message.subarray(1) };
    },
  };
}

const base64: ChannelCodec = {
  encode: (channel, data) => `${channel}${data.toString('base64')}`,
  decode(message) {
    const digit = message[0];
    if (digit === undefined || digit < digitZero || digit > digitZero + 9) return undefined;
    return {
      kind: 'data',
      channel: digit - digitZero,
      data: Buffer.from(message.toString('latin1', 1), 'base64'),
    };
  },
};

/** exec and attach, best first: v4 brought the exit code as a Status, v5 the end of stdin. */
export const remoteCommandCodecs: ReadonlyMap<string, ChannelCodec> = new Map([
  ['v5.channel.k8s.io', binary(true)],
  ['v4.channel.k8s.io', binary(false)],
  ['v4.base64.channel.k8s.io', base64],
  ['channel.k8s.io', binary(false)],
  ['base64.channel.k8s.io', base64],
]);

/** Port-forward over channels: two per port, data and errors. */
export const portForwardCodecs: ReadonlyMap<string, ChannelCodec> = new Map([
  ['v4.channel.k8s.io', binary(false)],
  ['v4.base64.channel.k8s.io', base64],
]);

/** kubectl's SPDY in WebSocket messages, without channels. */
export const portForwardTunnel = 'SPDY/3.1+portforward.k8s.io';
