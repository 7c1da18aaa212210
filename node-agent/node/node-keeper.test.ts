import { expect, test } from 'vitest';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { compileAgentSettings } from '../agent-settings.ts';
import { createHollowHost } from '../pods/hollow-host.ts';
import { createHollowRuntime } from '../runtime/hollow/runtime.ts';
import { createNodeKeeper } from './node-keeper.ts';

test("follows the machine's own resolver, which may come later than the agent, and keeps it when it cannot be read", async () => {
  const clock = createVirtualClock();
  let text = '';
  const { node } = createHollowHost({ hostname: 'n' });
  const resolvConf = async () => {
    if (text === 'broken') throw new Error('no such file');
    return text;
  };
  const keeper = createNodeKeeper({
    client: createMemoryClient({ clock, random: createSeededRandom(1) }),
    runtime: createHollowRuntime({ clock }),
    host: { ...node, resolvConf },
    settings: compileAgentSettings('n').node,
    clock,
    log: createSilentLog(),
  });
  await keeper.prepare();
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  const servers = async (now: string): Promise<readonly string[]> => {
    text = now;
    await clock.advance(15_000);
    return keeper.context.resolver().servers;
  };
  expect(await servers('')).toEqual([]);
  expect(await servers('nameserver 192.0.2.53\n')).toEqual(['192.0.2.53']);
  expect(await servers('nameserver 192.0.2.99\n')).toEqual(['192.0.2.99']);
  expect(await servers('# being written\n')).toEqual(['192.0.2.99']);
  expect(await servers('broken')).toEqual(['192.0.2.99']);
  stop.abort();
  await running;
});
