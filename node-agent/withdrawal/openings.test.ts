import { expect, test } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { NetworkError } from '../network/commands.ts';
import { createOpenings } from './openings.ts';

function setUp(fail?: () => Error | undefined) {
  const clock = createVirtualClock();
  const startedMs = clock.now();
  const ran: string[] = [];
  const openings = createOpenings({
    clock,
    log: createSilentLog(),
    run: async (command, args) => {
      ran.push(`${clock.now() - startedMs} ${command} ${args.join(' ')}`);
      const error = fail?.();
      if (error) throw error;
      return '';
    },
  });
  return { clock, ran, openings };
}

test('after a moment for answers on their way, connections that were not taken are forgotten', async () => {
  const { clock, ran, openings } = setUp();
  openings.forget(['10.42.0.7', 'fd00::7']);
  await clock.advance(99);
  expect(ran).toEqual([]);
  await clock.advance(1);
  expect(ran).toEqual(['100 conntrack -D -f ipv4 -p tcp --state SYN_SENT --reply-src 10.42.0.7']);
});

test('each address once, one after the other, also those that come meanwhile, whatever fails', async () => {
  const { clock, ran, openings } = setUp(() => new NetworkError('conntrack: 0 flow entries have been deleted.'));
  openings.forget(['10.42.0.1', '10.42.0.1']);
  await clock.advance(50);
  openings.forget(['10.42.0.2', '10.42.0.1']);
  await clock.advance(1_000);
  expect(ran.map((line) => line.split(' ').at(-1))).toEqual(['10.42.0.1', '10.42.0.2']);
  openings.forget(['10.42.0.1']);
  await clock.advance(1_000);
  expect(ran).toHaveLength(3);
});

test('bounded, and nothing is left behind at the end', async () => {
  const { clock, ran, openings } = setUp();
  openings.forget(Array.from({ length: 500 }, (_, index) => `10.42.1.${index}`));
  await clock.advance(1_000);
  expect(ran).toHaveLength(100);
  openings.forget(['10.42.0.1']);
  await openings.close();
  openings.forget(['10.42.0.2']);
  await clock.advance(1_000);
  expect(ran).toHaveLength(100);
  expect(clock.pendingTimers).toBe(0);
});
