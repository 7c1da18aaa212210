import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  type MethodDefinition,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '#base/clock.ts';
import { StoreError } from '../errors.ts';
import { grpcCode } from './errors.ts';

export interface EtcdTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export type EtcdMethod<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

/** One channel to each member that was needed so far; a call is never repeated here, since what a failed write means is for the store's callers. */
export interface EtcdConnection {
  /** Rejects with gRPC's error, after at most 10 s; with a StoreError when the connection is closed. */
  call<Request, Response>(method: EtcdMethod<Request, Response>, request: Request): Promise<Response>;
  open<Request, Response>(method: EtcdMethod<Request, Response>): ClientDuplexStream<Request, Response>;
  close(): void;
}

const callMaxMs = 10_000;
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

/** After these the next call goes to the next member. */
const memberFaults: ReadonlySet<number | undefined> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]);

/** `endpoints` as `http://127.0.0.1:2379` or with https; all members of one cluster. */
export function connect(endpoints: readonly string[], tls: EtcdTls | undefined, clock: Clock): EtcdConnection {
  const members = endpoints.map((endpoint) => new URL(endpoint));
  const clients = new Map<number, Client>();
  let current = 0;
  let closed = false;

  const clientOf = (member: number): Client => {
    const known = clients.get(member);
    if (known) return known;
    const url = members[member] ?? new URL('http://no-endpoint.invalid');
    const [channel, options] = url.protocol === 'https:' ? secured(url, tls) : [credentials.createInsecure(), {}];
    const client = new Client(url.host, channel, { ...channelOptions, ...options });
    clients.set(member, client);
    return client;
  };
  const noteFailure = (member: number, error: unknown): void => {
    if (member === current && memberFaults.has(grpcCode(error))) current = (current + 1) % members.length;
  };
  const closedError = (): StoreError => new StoreError('unavailable', 'the connection to etcd is closed');

  return {
    call: ({ path, requestSerialize, responseDeserialize }, request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(closedError());
        const member = current;
        const options = { deadline: clock.now() + callMaxMs };
        const answer = (error: Error | null, response: Parameters<typeof resolve>[0] | undefined): void => {
          if (error) noteFailure(member, error);
          if (response !== undefined) resolve(response);
          else reject(closed ? closedError() : (error ?? new StoreError('internal', `${path}: empty answer`)));
        };
        clientOf(member).makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, answer);
      }),
    open({ path, requestSerialize, responseDeserialize }) {
      if (closed) throw closedError();
      const member = current;
      const stream = clientOf(member).makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      stream.on('error', (error) => noteFailure(member, error));
      return stream;
    },
    close() {
      closed = true;
      for (const client of clients.values()) client.close();
    },
  };
}

/** A client that asks for an address by name would break TLS's rules: it sends another name, and checks the certificate for the address. */
function secured({ hostname }: URL, tls: EtcdTls | undefined): [ChannelCredentials, ChannelOptions] {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (!isIP(address)) return [credentials.createSsl(tls?.ca, tls?.key, tls?.cert), {}];
  const channel = credentials.createSsl(tls?.ca, tls?.key, tls?.cert, {
    checkServerIdentity: (_, certificate) => checkServerIdentity(address, certificate),
  });
  return [channel, { 'grpc.ssl_target_name_override': 'etcd' }];
}
