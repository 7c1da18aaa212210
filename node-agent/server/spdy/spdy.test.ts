import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventually } from '#test/harness/eventually.ts';
import { controlFrame, createFrameParser, dataFrameHead, flagFin, frameTypes, rstStream } from './frames.ts';
import { createHeaderEncoder, uint32 } from './headers.ts';
import { createSpdySession } from './session.ts';

const inflate = (bytes: Buffer) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });

type Seen = { id: number; data: string; fin: boolean } | { type: number; payload: Buffer };

function collect() {
  const seen: Seen[] = [];
  const parse = createFrameParser({
    onData: (id, chunk, fin) => seen.push({ id, data: chunk.toString(), fin }),
    onControl: (type, _flags, payload) => seen.push({ type, payload: Buffer.from(payload) }),
  });
  return { seen, parse };
}

const dataFrame = (id: number, text: string, fin = false) =>
  Buffer.concat([dataFrameHead(id, Buffer.byteLength(text), fin), Buffer.from(text)]);

describe('header blocks', () => {
  it('are one zlib stream with the preset dictionary: its head comes once', () => {
    const encode = createHeaderEncoder();
    const first = encode({ streamType: 'error', port: '80' });
    expect(first.subarray(0, 6).toString('hex')).toBe('78bbe3c6a7c2');
    const second = encode({ a: 'b' });
    const both = inflate(Buffer.concat([first.subarray(6), second]));
    const expected = Buffer.concat([
      uint32(2),
      ...['streamtype', 'error', 'port', '80'].flatMap((word) => [uint32(word.length), Buffer.from(word)]),
      uint32(1),
      ...['a', 'b'].flatMap((word) => [uint32(1), Buffer.from(word)]),
    ]);
    expect(both.equals(expected)).toBe(true);
  });
});

describe('the frame parser', () => {
  it('gives the same however the bytes are cut', () => {
    const bytes = Buffer.concat([
      dataFrame(1, 'hello'),
      controlFrame(frameTypes.ping, 0, uint32(7)),
      dataFrame(3, 'a longer piece of data', true),
      dataFrame(3, ''),
      rstStream(1, 5),
    ]);
    const whole = (cuts: readonly number[]) => {
      const { seen, parse } = collect();
      let start = 0;
      for (const cut of [...new Set(cuts)].sort((a, b) => a - b)) {
        parse(bytes.subarray(start, cut));
        start = cut;
      }
      parse(bytes.subarray(start));
      const text = (id: number) => seen.map((each) => ('data' in each && each.id === id ? each.data : '')).join('');
      const controls = seen.flatMap((each) => ('type' in each ? [each.type] : []));
      const fins = seen.filter((each) => 'fin' in each && each.fin).length;
      return { one: text(1), three: text(3), controls, fins };
    };
    const expected = { one: 'hello', three: 'a longer piece of data', controls: [6, 3], fins: 1 };
    expect(whole([])).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        expect(whole(cuts)).toEqual(expected);
      }),
    );
  });

  it('refuses what is not SPDY, and control frames that would fill the memory', () => {
    expect(() => collect().parse(Buffer.from('\xffTTP/1.1 400 Bad Request', 'latin1'))).toThrow('SPDY');
    const head = controlFrame(frameTypes.synReply, 0, Buffer.alloc(0));
    head.writeUIntBE(0xffffff, 5, 3);
    expect(() => collect().parse(head)).toThrow('bytes');
  });
});

function connect() {
  const [ours, theirs]: [Duplex, Duplex] = duplexPair();
  const { seen, parse } = collect();
  theirs.on('data', parse);
  return { session: createSpdySession(ours, Buffer.alloc(0)), ours, theirs, seen };
}

function record() {
  const state = { text: '', ends: 0 };
  return {
    state,
    onData: (chunk: Buffer) => {
      state.text += chunk.toString();
    },
    onEnd: () => {
      state.ends += 1;
    },
  };
}

describe('a session', () => {
  it('numbers its streams as a client does, and keeps their data apart', async () => {
    const { session, theirs, seen } = connect();
    const [a, b] = [record(), record()];
    expect([session.open({ x: '1' }, a).id, session.open({ x: '2' }, b).id]).toEqual([1, 3]);
    theirs.write(Buffer.concat([dataFrame(3, 'three'), dataFrame(1, 'one'), dataFrame(9, 'nobody')]));
    await eventually(() => a.state.text === 'one' && b.state.text === 'three', { everyMs: 1 });
    expect(seen.filter((each) => 'type' in each && each.type === frameTypes.synStream)).toHaveLength(2);
  });

  it('half-closes: the other direction goes on', async () => {
    const { session, theirs, seen } = connect();
    const handler = record();
    const stream = session.open({}, handler);
    stream.write(Buffer.from('in'));
    stream.end();
    stream.end();
    stream.write(Buffer.from('too late'));
    await eventually(() => seen.some((each) => 'fin' in each && each.fin), { everyMs: 1 });
    theirs.write(dataFrame(1, 'out'));
    theirs.write(dataFrame(1, '', true));
    await eventually(() => handler.state.ends === 1, { everyMs: 1 });
    expect(handler.state.text).toBe('out');
    expect(seen.flatMap((each) => ('data' in each ? [each.data] : [])).join('')).toBe('in');
  });

  it('ends a stream once: at a reset, at the last reply, or with the connection', async () => {
    const { session, theirs } = connect();
    const handlers = [record(), record(), record()];
    for (const handler of handlers) session.open({}, handler);
    theirs.write(Buffer.concat([rstStream(1, 5), controlFrame(frameTypes.synReply, flagFin, uint32(3))]));
    await eventually(() => handlers[1]?.state.ends === 1, { everyMs: 1 });
    theirs.end();
    expect(await session.closed).toBeUndefined();
    expect(handlers.map(({ state }) => state.ends)).toEqual([1, 1, 1]);
  });

  it('answers pings, and refuses streams of the peer', async () => {
    const { theirs, seen } = connect();
    theirs.write(controlFrame(frameTypes.ping, 0, uint32(2)));
    theirs.write(controlFrame(frameTypes.synStream, 0, Buffer.concat([uint32(2), Buffer.alloc(6)])));
    await eventually(() => seen.length === 2, { everyMs: 1 });
    expect(seen).toEqual([
      { type: frameTypes.ping, payload: uint32(2) },
      { type: frameTypes.rstStream, payload: Buffer.concat([uint32(2), uint32(5)]) },
    ]);
  });

  it('breaks off a peer that does not speak SPDY', async () => {
    const { session, theirs } = connect();
    theirs.on('error', () => {});
    theirs.write(Buffer.from([0xff, 0xff, 0, 0, 0, 0, 0, 0]));
    expect((await session.closed)?.message).toContain('SPDY');
  });

  it('says goodbye when it is closed', async () => {
    const { session, theirs, seen } = connect();
    session.close();
    await once(theirs, 'end');
    expect(seen).toMatchObject([{ type: frameTypes.goAway }]);
  });
});
