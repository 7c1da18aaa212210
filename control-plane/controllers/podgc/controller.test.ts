import { expect, it } from 'vitest';
import { pods } from '#api/kinds.ts';
import { internalError } from '#api/status-error.ts';
import { createSilentLog } from '#base/log.ts';
import { createVirtualClock } from '#base/virtual/clock.ts';
import { createSeededRandom } from '#base/virtual/random.ts';
import { createInformerFactory } from '#client/informers/factory.ts';
import { interceptClient } from '#client/testing/intercept.ts';
import { createMemoryClient } from '#client/testing/memory-client.ts';
import { createPodGcController } from './controller.ts';

it('removes the pods of a node that is gone, also those beside one that cannot be removed', async () => {
  const clock = createVirtualClock();
  const random = createSeededRandom(1);
  const log = createSilentLog();
  const memory = createMemoryClient({ clock, random });
  const client = interceptClient(memory, ({ verb, name }) => {
    if (verb === 'delete' && name === 'b') throw internalError('a webhook does not answer');
  });
  for (const name of ['a', 'b', 'c']) {
    const metadata = { name, namespace: 'd' };
    await memory.create(pods, { metadata, spec: { containers: [], nodeName: 'gone' } });
  }
  const informers = createInformerFactory(client, { clock, random, log });
  const recorder = { record() {}, flush: async () => {} };
  const context = { client, informers, clock, random, log, recorder };
  const controller = createPodGcController(context, { finishedPodsMax: 10, periodMs: 1_000, missingNodeMs: 5_000 });
  const ending = new AbortController();
  informers.start(ending.signal);
  const running = controller.run(ending.signal);
  const left = async () => (await memory.list(pods)).items.map(({ metadata }) => metadata.name);
  await clock.advance(4_000);
  expect(await left()).toEqual(['a', 'b', 'c']);
  await clock.advance(10_000);
  expect(await left()).toEqual(['b']);
  ending.abort();
  await running;
  await informers.stopped();
});
