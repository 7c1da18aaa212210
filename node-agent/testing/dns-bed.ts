import { type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import type { V1EndpointSlice, V1Service } from '#api/generated/types.ts';
import { endpointSlices, services } from '#api/kinds.ts';
import type { Clock } from '#base/clock.ts';
import { createSilentLog } from '#base/log.ts';
import { createRealClock } from '#base/real/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createDirectory } from '../dns/directory.ts';
import type { Forwarder } from '../dns/forwarder.ts';
import { createHandler } from '../dns/handler.ts';
import { createZone } from '../dns/zone.ts';

export interface QueryOptions {
  /** EDNS: how much the client takes. */
  readonly udpBytes?: number;
  readonly transport?: 'udp' | 'tcp';
}

/** The answering part of cluster DNS on a cluster in memory, without sockets. */
export function createDnsBed(options: { forwarder?: Forwarder; clock?: Clock; synced?: () => boolean } = {}) {
  const clock = options.clock ?? createRealClock();
  const random = createSeededRandom(53);
  const log = createSilentLog();
  const client = createMemoryClient({ clock, random });
  const informers = createInformerFactory(client, { clock, random, log });
  const controller = new AbortController();
  const { signal } = controller;
  const directory = createDirectory(informers);
  const zone = createZone(directory, {
    domain: 'cluster.local',
    clusterDns: '10.43.0.10',
    networks: ['10.42.0.0/16', '10.43.0.0/16'],
  });
  const nobody: Forwarder = { ask: () => Promise.reject(new Error('there is nobody to ask')) };
  const handle = createHandler({
    zone,
    forwarder: options.forwarder ?? nobody,
    synced: options.synced ?? (() => directory.synced),
    random,
    log,
  });
  return {
    client,
    directory,
    signal,
    /** Takes up what the client has by now, and follows it. */
    ready: () => {
      informers.start(signal);
      return informers.waitForSync(signal);
    },
    stop: async () => {
      controller.abort();
      await informers.stopped();
    },
    raw: (message: Buffer, transport: 'udp' | 'tcp' = 'udp') => handle(message, transport, signal),
    async ask(name: string, type: RecordType | 'ANY' = 'A', more: QueryOptions = {}): Promise<DnsAnswer> {
      const answer = await handle(queryOf(name, type, more), more.transport ?? 'udp', signal);
      if (!answer) throw new Error('no answer');
      return dnsAnswer(answer);
    },
  };
}

export interface DnsAnswer {
  readonly rcode: number;
  readonly bytes: number;
  readonly packet: DecodedPacket;
  /** `A 10.43.0.1`, in alphabetical order. */
  readonly answers: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

export function dnsAnswer(message: Buffer): DnsAnswer {
  const packet = decode(message);
  const texts = (list: DecodedPacket['answers'] = []): string[] =>
    list.flatMap((one) => {
      if (one.type === 'OPT') return [];
      const data =
        one.type === 'TXT' ? String(one.data) : typeof one.data === 'string' ? one.data : JSON.stringify(one.data);
      return [`${one.type} ${data}`];
    });
  return {
    rcode: message.readUInt16BE(2) & 15,
    bytes: message.length,
    packet,
    answers: texts(packet.answers).sort(),
    authority: texts(packet.authorities),
    additional: texts(packet.additionals).sort(),
  };
}

export function queryOf(name: string, type: RecordType | 'ANY', { udpBytes }: QueryOptions = {}): Buffer {
  const plain = encode({ type: 'query', id: 4711, flags: 0x0100, questions: [{ name, type: 'A' }] });
  const numbers: Record<string, number> = {
    A: 1,
    NS: 2,
    CNAME: 5,
    SOA: 6,
    PTR: 12,
    MX: 15,
    TXT: 16,
    AAAA: 28,
    SRV: 33,
    AXFR: 252,
    ANY: 255,
  };
  plain.writeUInt16BE(numbers[type] ?? 1, plain.length - 4);
  if (udpBytes === undefined) return plain;
  plain.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(41, 1);
  opt.writeUInt16BE(udpBytes, 3);
  return Buffer.concat([plain, opt]);
}

export const service = (name: string, spec: V1Service['spec'], namespace = 'default'): V1Service => ({
  metadata: { name, namespace },
  spec,
});

export const slice = (
  serviceName: string,
  endpoints: V1EndpointSlice['endpoints'],
  more: Partial<V1EndpointSlice> & { name?: string } = {},
): V1EndpointSlice => ({
  metadata: {
    name: more.name ?? `${serviceName}-1`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': serviceName },
  },
  addressType: more.addressType ?? 'IPv4',
  endpoints,
  ports: more.ports ?? [{ name: 'http', port: 8080, protocol: 'TCP' }],
});

export { endpointSlices, services };
