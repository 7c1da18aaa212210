import type { Clock } from '#base/clock.ts';
import { createLruMap } from '#client/lru.ts';
import { rcodeOf } from './respond.ts';
import { headerBytes, rcodes, readQuestion, readRecords, skipName, types } from './wire.ts';

/** Answers of other servers, for as long as they said. */
export interface AnswerCache {
  /** With what is left of each record's time to live. */
  get(key: string): Buffer | undefined;
  put(key: string, message: Buffer): void;
}

interface Entry {
  readonly message: Buffer;
  readonly ttlAts: readonly number[];
  readonly storedMs: number;
  readonly lifeMs: number;
}

export interface AnswerCacheOptions {
  readonly clock: Clock;
  readonly entriesMax: number;
  /** Longer messages are not kept, so that the memory is bounded by entriesMax times this. */
  readonly messageBytesMax: number;
  readonly positiveSecondsMax: number;
  readonly negativeSecondsMax: number;
}

export function createAnswerCache(options: AnswerCacheOptions): AnswerCache {
  const { clock } = options;
  const entries = createLruMap<Entry>(options.entriesMax);
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      const ageMs = clock.monotonicMs() - entry.storedMs;
      if (ageMs >= entry.lifeMs) {
        entries.delete(key);
        return undefined;
      }
      const copy = Buffer.from(entry.message);
      const age = Math.floor(ageMs / 1000);
      for (const at of entry.ttlAts) copy.writeUInt32BE(Math.max(0, copy.readUInt32BE(at) - age), at);
      return copy;
    },
    put(key, message) {
      if (message.length > options.messageBytesMax) return;
      const { seconds, ttlAts } = lifeOf(message, options);
      if (seconds <= 0) return;
      const copy = Buffer.from(message);
      for (const at of ttlAts) copy.writeUInt32BE(Math.min(copy.readUInt32BE(at), seconds), at);
      entries.set(key, { message: copy, ttlAts, storedMs: clock.monotonicMs(), lifeMs: seconds * 1000 });
    },
  };
}

/** How long an answer holds, in seconds; 0 for what must not be kept. `message` is well-formed. */
function lifeOf(
  message: Buffer,
  limits: Pick<AnswerCacheOptions, 'positiveSecondsMax' | 'negativeSecondsMax'>,
): { seconds: number; ttlAts: readonly number[] } {
  const records = readRecords(message, headerBytes + readQuestion(message).raw.length);
  const kept = records.filter(({ type }) => type !== types.OPT);
  const ttlAts = kept.map(({ ttlAt }) => ttlAt);
  const ttls = kept.map(({ ttlAt }) => message.readInt32BE(ttlAt)).map((ttl) => Math.max(0, ttl));
  const rcode = rcodeOf(message);
  const answered = records.some(({ section }) => section === 'answer');
  if (rcode === rcodes.noError && answered) return { seconds: Math.min(limits.positiveSecondsMax, ...ttls), ttlAts };
  if (rcode !== rcodes.noError && rcode !== rcodes.nxDomain) return { seconds: 0, ttlAts };
  const soa = records.find(({ section, type }) => section === 'authority' && type === types.SOA);
  const minimum = soa && soaMinimum(message, soa.dataAt, soa.end);
  // Without an SOA record nobody says for how long there is nothing.
  if (minimum === undefined) return { seconds: 0, ttlAts };
  return { seconds: Math.min(limits.negativeSecondsMax, minimum, ...ttls), ttlAts };
}

function soaMinimum(message: Buffer, dataAt: number, end: number): number | undefined {
  const at = skipName(message, skipName(message, dataAt)) + 16;
  return at + 4 <= end ? Math.max(0, message.readInt32BE(at)) : undefined;
}
