import { describe, expect, it } from 'vitest';
import { StatusError, serviceUnavailable, unauthorized } from '#api/status-error.ts';
import type { Log } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import type { RawResponse, Transport } from '#client/http/transport.ts';
import { createAcceptance } from './acceptance.ts';

const removed = unauthorized('Unauthorized: this node was removed from the cluster');
const fine: RawResponse = {
  status: 200,
  headers: {},
  body: { async *[Symbol.asyncIterator]() {}, text: async () => '{}' },
};

function setUp() {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(`${level} ${message} ${Reflect.get(fields, 'why') ?? ''}`.trim());
  };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  const server: { says: Error | undefined; asked: number } = { says: undefined, asked: 0 };
  const transport: Transport = {
    async request() {
      server.asked += 1;
      if (server.says) throw server.says;
      return fine;
    },
    reset() {},
    setClientCertificate() {},
    async close() {},
  };
  const acceptance = createAcceptance({ clock, log });
  const guarded = acceptance.guard(transport);
  const quiet = acceptance.quiet(log).child({ part: 'lease' });
  /** As the lease does: again and again, with a line for each failure. */
  const ask = async (): Promise<void> => {
    await guarded.request({ method: 'GET', path: '/' }).catch((err: unknown) => quiet.warn({ err }, 'not renewed'));
  };
  const askFor = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      await ask();
      await clock.advance(500);
    }
  };
  return { acceptance, askFor, ask, lines, server, clock, quiet };
}

describe('a machine that the server refuses', () => {
  it('says so once, and asks seldom from then on', async () => {
    const { acceptance, askFor, lines, server } = setUp();
    server.says = removed;
    await askFor(10_000);
    expect(acceptance.refusal).toBe(removed);
    const [asked, written] = [server.asked, lines.length];
    await askFor(600_000);
    expect(server.asked - asked).toBeLessThanOrEqual(21);
    expect(lines).toHaveLength(written);
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([
      `error the server refuses this machine ${removed.message}`,
    ]);
  });

  it('goes on writing what is not about that', async () => {
    const { askFor, lines, server, quiet } = setUp();
    server.says = removed;
    await askFor(10_000);
    quiet.warn({ err: new Error('the disk is full') }, 'a container was not started');
    quiet.error({ why: removed.message }, 'the certificate was not renewed');
    expect(lines.at(-1)).toBe('warn a container was not started');
  });

  it('is a node again as soon as the server takes it', async () => {
    const { acceptance, askFor, lines, server } = setUp();
    server.says = removed;
    await askFor(10_000);
    server.says = undefined;
    await askFor(31_000);
    expect(acceptance.refusal).toBeUndefined();
    expect(lines.at(-1)).toBe('info the server accepts this machine again');
    const { asked } = server;
    await askFor(5_000);
    expect(server.asked - asked).toBe(10);
  });

  it.each([
    ['that answers now and then', new StatusError(403, 'Forbidden', 'no')],
    ['that is away', serviceUnavailable('cannot reach the API server')],
  ])('is none before it is certain, with a server %s', async (_, other) => {
    const { acceptance, ask, server, clock } = setUp();
    for (let n = 0; n < 20; n += 1) {
      server.says = n === 0 || other.code === 403 ? (n % 2 === 0 ? removed : other) : other;
      await ask();
      await clock.advance(3_000);
    }
    expect(acceptance.refusal).toBeUndefined();
    expect(server.asked).toBe(20);
  });
});
