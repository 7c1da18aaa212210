import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';

export interface EtcdTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Unlimited: lists and the watch's catching-up are larger than gRPC's 4 MiB. */
const unlimited = -1;

const channelOptions = {
  'grpc.max_receive_message_length': unlimited,
  'grpc.max_send_message_length': unlimited,
  // A dead peer is noticed within a quarter of a minute, even when nothing is asked of it.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

/** A client that neither retries nor breaks circuits by itself: what a failed write means is for the store's callers. */
export function connect(endpoints: readonly string[], tls: EtcdTls | undefined): Etcd3 {
  return new Etcd3({
    hosts: [...endpoints],
    grpcOptions: channelOptions,
    faultHandling: { global: noop, host: () => noop },
    ...(tls && { credentials: { rootCertificate: tls.ca, certChain: tls.cert, privateKey: tls.key } }),
  });
}

/** The end of the range of all keys that start with `prefix`. */
export function rangeEnd(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index--) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  return Buffer.from([0]);
}
