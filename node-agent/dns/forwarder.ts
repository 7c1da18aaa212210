import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { type AnswerCache, createAnswerCache } from './answer-cache.ts';
import { createExchange, type DnsServer, type Exchange } from './exchange.ts';
import { ednsBytes, rcodeOf } from './respond.ts';
import { flags, headerBytes, type Question, rcodes, types } from './wire.ts';

/** What is wanted of other servers: a question, and whether its answer may be checked and how. */
export interface ForwardRequest {
  readonly question: Pick<Question, 'raw' | 'nameBytes'>;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
}

/** Asks the servers that the machine itself asks. */
export interface Forwarder {
  /** The whole answer of a server, under any id. Rejects when no server has one. */
  ask(request: ForwardRequest, signal: AbortSignal): Promise<Buffer>;
}

export interface ForwarderOptions {
  /** In the order of preference; read anew for each question. */
  readonly servers: () => readonly DnsServer[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** @default by UDP and TCP */
  readonly exchange?: Exchange | undefined;
}

/** A resolver gives up after 5 s as a rule: three tries come to an end before that. */
const tryMs = 1_500;
const triesMax = 3;
/** Different questions under way; beyond it, the answer is SERVFAIL at once. */
const questionsMax = 1_000;
/** A server that did not answer is asked last for so long. */
const distrustMs = 10_000;

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock, random, log } = options;
  const exchange = options.exchange ?? createExchange({ clock, timeoutMs: tryMs });
  const cache: AnswerCache = createAnswerCache({
    clock,
    entriesMax: 10_000,
    messageBytesMax: 4096,
    positiveSecondsMax: 300,
    negativeSecondsMax: 30,
  });
  const underWay = new Map<string, Promise<Buffer>>();
  const distrusted = new Map<string, number>();

  const inOrder = (): readonly DnsServer[] => {
    const nowMs = clock.monotonicMs();
    const untilMs = ({ address, port }: DnsServer): number => distrusted.get(`${address} ${port}`) ?? 0;
    const servers = options.servers();
    return [
      ...servers.filter((server) => untilMs(server) <= nowMs),
      ...servers.filter((server) => untilMs(server) > nowMs).sort((a, b) => untilMs(a) - untilMs(b)),
    ];
  };

  const askServers = async (request: ForwardRequest, signal: AbortSignal): Promise<Buffer> => {
    const servers = inOrder();
    if (servers.length === 0) throw new Error('the machine has no DNS server that could be asked (/etc/resolv.conf)');
    let last: Buffer | undefined;
    let trouble: unknown;
    for (let attempt = 0; attempt < triesMax && !signal.aborted; attempt += 1) {
      const server = servers[attempt % servers.length];
      if (!server) break;
      const id = `${server.address} ${server.port}`;
      try {
        const plain = last !== undefined && rcodeOf(last) === rcodes.formErr;
        last = await exchange(buildRequest(request, random, plain), server, signal);
        distrusted.delete(id);
        const rcode = rcodeOf(last);
        if (rcode === rcodes.noError || rcode === rcodes.nxDomain) return last;
      } catch (error) {
        trouble = error;
        if (distrusted.size > serversMax) distrusted.clear();
        distrusted.set(id, clock.monotonicMs() + distrustMs);
        log.debug({ server: server.address, why: messageOf(error) }, 'a DNS server did not answer');
      }
    }
    if (last) return last;
    throw trouble;
  };

  return {
    async ask(request, signal) {
      const key = keyOf(request);
      const known = cache.get(key);
      if (known) return known;
      const same = underWay.get(key);
      if (same) return same;
      if (underWay.size >= questionsMax) throw new Error(`more than ${questionsMax} questions are under way`);
      const asking = (async () => {
        try {
          const answer = await askServers(request, signal);
          cache.put(key, answer);
          return answer;
        } finally {
          underWay.delete(key);
        }
      })();
      underWay.set(key, asking);
      return asking;
    },
  };
}

const serversMax = 64;

function keyOf({ question, dnssecOk, checkingDisabled }: ForwardRequest): string {
  const name = question.raw
    .toString('latin1', 0, question.nameBytes)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return `${name}${question.raw.toString('latin1', question.nameBytes)}${dnssecOk ? 'd' : ''}${checkingDisabled ? 'c' : ''}`;
}

/** `plain`: without EDNS, for a server that does not know it. */
function buildRequest(
  { question, dnssecOk, checkingDisabled }: ForwardRequest,
  random: Random,
  plain: boolean,
): Buffer {
  const header = Buffer.alloc(headerBytes);
  // Of a UUID, since those come from a source that nobody can predict.
  header.writeUInt16BE(Number.parseInt(random.uuid().slice(0, 4), 16), 0);
  header.writeUInt16BE(flags.wanted | (checkingDisabled ? 0x0010 : 0), 2);
  header.writeUInt16BE(1, 4);
  if (plain) return Buffer.concat([header, question.raw]);
  header.writeUInt16BE(1, 10);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(types.OPT, 1);
  opt.writeUInt16BE(ednsBytes, 3);
  if (dnssecOk) opt.writeUInt8(0x80, 7);
  return Buffer.concat([header, question.raw, opt]);
}
