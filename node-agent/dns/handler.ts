import { type Answer, decode } from 'dns-packet';
import { messageOf } from '#base/error-message.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { Forwarder } from './forwarder.ts';
import { encodeError, encodeReply, passOn, type Reply, rcodeOf, replyOf, tcpBytesMax, udpLimit } from './respond.ts';
import { MalformedMessage, type Query, rcodes, readHeader, readQuery, types } from './wire.ts';
import type { Zone, ZoneReply } from './zone.ts';

/** A query's bytes → the answer's; undefined for what is not to be answered. Never rejects. */
export type HandleMessage = (
  message: Buffer,
  transport: 'udp' | 'tcp',
  signal: AbortSignal,
) => Buffer | undefined | Promise<Buffer>;

export interface HandlerOptions {
  readonly zone: Zone;
  readonly forwarder: Forwarder;
  /** Whether the cluster's names are known yet. */
  readonly synced: () => boolean;
  readonly random: Random;
  readonly log: Log;
}

const classIn = 1;
const classAny = 255;
const checkingDisabled = 0x0010;
/** A message that is taken apart record by record must be small enough that no trick in it costs much. */
const graftBytesMax = 8192;

export function createHandler({ zone, forwarder, synced, random, log }: HandlerOptions): HandleMessage {
  const answer = (query: Query, limit: number, signal: AbortSignal): Buffer | Promise<Buffer> => {
    const { question, edns, opcode } = query;
    const say = (reply: Reply): Buffer => encodeReply(query, reply, limit);
    if (opcode !== 0) return say(replyOf(rcodes.notImp));
    if (edns && edns.version > 0) return say(replyOf(rcodes.badVers));
    if (question.class !== classIn && question.class !== classAny) return say(replyOf(rcodes.refused));
    if (question.type === types.AXFR || question.type === types.IXFR) return say(replyOf(rcodes.refused));
    // Before the first list nobody can say that a name does not exist. Other names can be asked for.
    if (!synced() && zone.owns(question.labels)) return say(replyOf(rcodes.servFail));
    if (!zone.owns(question.labels)) return pass(query, limit, signal);
    const found = zone.lookUp(question.labels, question.type);
    if (found.alias === undefined) return say(ofZone({ ...found, answers: shuffled(found.answers, random) }));
    return follow(query, found, found.alias, signal).then(say);
  };

  const pass = async (query: Query, limit: number, signal: AbortSignal): Promise<Buffer> => {
    try {
      const request = {
        question: query.question,
        dnssecOk: query.edns?.dnssecOk === true,
        checkingDisabled: (query.keptFlags & checkingDisabled) !== 0,
      };
      return passOn(query, await forwarder.ask(request, signal), limit);
    } catch (error) {
      log.debug({ name: query.question.labels.join('.'), why: messageOf(error) }, 'name not resolved');
      return encodeReply(query, replyOf(rcodes.servFail), limit);
    }
  };

  /** The end of a chain that leaves the cluster: what the target's own servers say of it comes behind the CNAME. */
  const follow = async (query: Query, found: ZoneReply, target: string, signal: AbortSignal): Promise<Reply> => {
    try {
      const raw = questionFor(target, query.question.type);
      const request = { question: raw, dnssecOk: false, checkingDisabled: false };
      const message = await forwarder.ask(request, signal);
      if (message.length > graftBytesMax) throw new MalformedMessage('more than an alias is worth');
      const { answers = [], authorities = [] } = decode(message);
      const rcode = rcodeOf(message);
      const authority = rcode === rcodes.nxDomain || answers.length === 0 ? authorities : [];
      return { ...ofZone(found), rcode, authority, answers: [...found.answers, ...answers] };
    } catch (error) {
      log.debug({ name: target, why: messageOf(error) }, 'the target of an ExternalName service was not resolved');
      return { ...ofZone(found), rcode: rcodes.servFail };
    }
  };

  return (message, transport, signal) => {
    const header = readHeader(message);
    if (!header) return undefined;
    try {
      const query = readQuery(message);
      const limit = transport === 'udp' ? udpLimit(query) : tcpBytesMax;
      const result = answer(query, limit, signal);
      return result instanceof Promise ? result.catch((error: unknown) => failed(header, error)) : result;
    } catch (error) {
      if (error instanceof MalformedMessage) return encodeError(header, rcodes.formErr);
      return failed(header, error);
    }
  };

  function failed(header: { id: number; keptFlags: number; opcode: number }, error: unknown): Buffer {
    log.warn({ err: error }, 'a DNS query could not be answered');
    return encodeError(header, rcodes.servFail);
  }
}

const ofZone = ({ rcode, answers, authority, additional }: ZoneReply): Reply => ({
  rcode,
  authoritative: true,
  answers,
  authority,
  additional,
});

function questionFor(name: string, type: number): { raw: Buffer; nameBytes: number } {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  const named = Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
  const rest = Buffer.alloc(4);
  rest.writeUInt16BE(type, 0);
  rest.writeUInt16BE(classIn, 2);
  return { raw: Buffer.concat([named, rest]), nameBytes: named.length };
}

/** Clients take the first address: each gets another one. A CNAME stays in front. */
function shuffled(answers: readonly Answer[], random: Random): readonly Answer[] {
  const fixed = answers.filter(({ type }) => type === 'CNAME');
  const rest = answers.filter(({ type }) => type !== 'CNAME');
  for (let last = rest.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.next() * (last + 1));
    const [a, b] = [rest[last], rest[other]];
    if (a && b) {
      rest[last] = b;
      rest[other] = a;
    }
  }
  return [...fixed, ...rest];
}
